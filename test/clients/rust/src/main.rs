//! nvml-client list           what nvml-wrapper reads of every GPU, a line each: "<index> <what> <answer or error>"
//! nvml-client wait SECONDS   the next critical XID of GPU 0
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{Clock, EccCounter, MemoryError, TemperatureSensor};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

fn line<T: std::fmt::Debug>(index: u32, what: &str, answer: Result<T, NvmlError>) {
    match answer {
        Ok(value) => println!("{index} {what} {value:?}"),
        Err(error) => println!("{index} {what} error: {error}"),
    }
}

fn list_device(index: u32, device: &Device) {
    line(index, "name", device.name());
    line(index, "uuid", device.uuid());
    line(index, "bus_id", device.pci_info().map(|pci| pci.bus_id));
    line(index, "minor", device.minor_number());
    line(index, "architecture", device.architecture());
    line(index, "memory_total", device.memory_info().map(|memory| memory.total));
    line(index, "memory_used", device.memory_info().map(|memory| memory.used));
    line(index, "gpu_percent", device.utilization_rates().map(|rates| rates.gpu));
    line(index, "temperature", device.temperature(TemperatureSensor::Gpu));
    line(index, "power_mw", device.power_usage());
    line(index, "power_limit_mw", device.enforced_power_limit());
    line(index, "sm_clock", device.clock_info(Clock::SM));
    line(index, "fan", device.fan_speed(0));
    line(index, "ecc_uncorrected", device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile));
    line(
        index,
        "processes",
        device.running_compute_processes().map(|all| all.into_iter().map(|process| process.pid).collect::<Vec<_>>()),
    );
}

fn list(nvml: &Nvml) -> Result<(), NvmlError> {
    println!("driver {}", nvml.sys_driver_version()?);
    println!("cuda {}", nvml.sys_cuda_driver_version()?);
    println!("count {}", nvml.device_count()?);
    for index in 0..nvml.device_count()? {
        list_device(index, &nvml.device_by_index(index)?);
    }
    Ok(())
}

fn wait(nvml: &Nvml, seconds: u32) -> Result<(), NvmlError> {
    let device = nvml.device_by_index(0)?;
    let events = device.register_events(EventTypes::CRITICAL_XID_ERROR, nvml.create_event_set()?).map_err(|error| error.error)?;
    println!("waiting");
    println!("{:?}", events.wait(seconds * 1000)?.event_data);
    Ok(())
}

fn main() -> Result<(), NvmlError> {
    let nvml = Nvml::init()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => list(&nvml),
        ["wait", seconds] => wait(&nvml, seconds.parse().expect("SECONDS is a number")),
        _ => panic!("usage: nvml-client list | wait SECONDS"),
    }
}
