/* What devices say of themselves. Numbers of boards are those that NVIDIA publishes or that captures of the real nvidia-smi show; what runs
 * on them is set here. */
#include "machine.h"
#include "sim/node/event.h"

enum { A100, H100, L4, SLICE, DEVICES }; /* the H100 is in MIG mode and SLICE its 1g.10gb */
static nvmlDevice_t devices[DEVICES];
static const char *const names[DEVICES] = { "A100", "H100", "L4", "slice" };

#define NONE (-NVML_ERROR_NOT_SUPPORTED)

static void load(struct node *n, void *context) {
        (void)context;
        n->gpus[A100].mig_mode = n->gpus[A100].mig_pending = 0;
        for (unsigned i = 0; i < 3; i++)
                n->gpus[i].load = (struct node_load){ .gpu_percent = 37,
                                                      .memory_percent = 12,
                                                      .encoder_percent = 5,
                                                      .decoder_percent = 6,
                                                      .jpeg_percent = 7,
                                                      .ofa_percent = 8,
                                                      .temperature_c = 61,
                                                      .power_mw = 65000,
                                                      .sm_clock_mhz = 1305,
                                                      .pcie_tx_kib_s = 1000,
                                                      .pcie_rx_kib_s = 2000 };
        n->gpus[L4].numa_node = 1;
        n->gpus[L4].pcie_replays = 4;
}

static void start(const char *driver) {
        machine_make(driver, "A100-80GB,H100-80GB,l4", true);
        machine_change(load, NULL);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        for (unsigned i = 0; i < 3; i++)
                devices[i] = machine_gpu(i);
        devices[SLICE] = machine_mig_device(devices[H100], 19, 0);
}

/* A number, or the code less than nothing. */
static const struct {
        const char *name;
        nvmlReturn_t (*get)(nvmlDevice_t, unsigned int *);
        int says[DEVICES];
} numbers[] = {
#define NUMBER(name, ...)                                                                                                                  \
        {                                                                                                                                  \
#name, name, {                                                                                                             \
                        __VA_ARGS__                                                                                                        \
                }                                                                                                                          \
        }
        NUMBER(nvmlDeviceGetIndex, 0, 1, 2, 0),
        NUMBER(nvmlDeviceGetMinorNumber, 0, 1, 2, 1),
        NUMBER(nvmlDeviceGetArchitecture, 7, 9, 8, 9),
        NUMBER(nvmlDeviceGetNumGpuCores, 6912, NONE, 7424, NONE),
        NUMBER(nvmlDeviceGetMemoryBusWidth, 5120, 5120, 192, 5120),
        NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, 4, 5, 4, 5),
        NUMBER(nvmlDeviceGetGpuMaxPcieLinkGeneration, 4, 5, 4, 5),
        NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, 4, 5, 4, 5),
        NUMBER(nvmlDeviceGetMaxPcieLinkWidth, 16, 16, 16, 16),
        NUMBER(nvmlDeviceGetCurrPcieLinkWidth, 16, 16, 16, 16),
        NUMBER(nvmlDeviceGetPcieSpeed, 16000, 32000, 16000, 32000),
        NUMBER(nvmlDeviceGetPcieLinkMaxSpeed, 4, 5, 4, 5),
        NUMBER(nvmlDeviceGetPcieReplayCounter, 0, 0, 4, NONE),
        NUMBER(nvmlDeviceGetMultiGpuBoard, 0, 0, 0, 0),
        NUMBER(nvmlDeviceGetPowerUsage, 65000, 65000, 65000, NONE),
        NUMBER(nvmlDeviceGetPowerManagementLimit, 400000, 700000, 72000, NONE),
        NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, 400000, 700000, 72000, NONE),
        NUMBER(nvmlDeviceGetEnforcedPowerLimit, 400000, 700000, 72000, NONE),
        NUMBER(nvmlDeviceGetNumFans, 0, 0, 0, NONE),
        NUMBER(nvmlDeviceGetFanSpeed, NONE, NONE, NONE, NONE),
        NUMBER(nvmlDeviceGetNumaNodeId, NONE, NONE, NONE, NONE),
        NUMBER(nvmlDeviceGetBusType, 2, 2, 2, 2),
        NUMBER(nvmlDeviceGetPowerSource, 0, 0, 0, 0),
};

static void say_numbers(void **state) {
        (void)state;
        start("590.48.01");
        for (size_t row = 0; row < ARRAY_SIZE(numbers); row++) {
                for (unsigned d = 0; d < DEVICES; d++) {
                        unsigned value = 0xAAAAAAAA;
                        nvmlReturn_t r = numbers[row].get(devices[d], &value);
                        int said = r == NVML_SUCCESS ? (int)value : -(int)r;
                        if (said != numbers[row].says[d])
                                fail_msg("%s of the %s: %d instead of %d", numbers[row].name, names[d], said, numbers[row].says[d]);
                        if (r != NVML_SUCCESS)
                                assert_int_equal(value, 0xAAAAAAAA);
                }
                assert_int_equal(numbers[row].get(devices[L4], NULL), NVML_ERROR_INVALID_ARGUMENT);
        }
        machine_stop();
}

static nvmlReturn_t inforom_oem(nvmlDevice_t device, char *text, unsigned int length) {
        return nvmlDeviceGetInforomVersion(device, NVML_INFOROM_OEM, text, length);
}

static nvmlReturn_t inforom_ecc(nvmlDevice_t device, char *text, unsigned int length) {
        return nvmlDeviceGetInforomVersion(device, NVML_INFOROM_ECC, text, length);
}

/* As nvidia-smi lists boards with these part numbers and VBIOSes. */
static const struct {
        const char *name;
        nvmlReturn_t (*get)(nvmlDevice_t, char *, unsigned int);
        const char *says[DEVICES];
} texts[] = {
        { "name",
          nvmlDeviceGetName,
          { "NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3", "NVIDIA L4", "NVIDIA H100 80GB HBM3 MIG 1g.10gb" } },
        { "part number",
          nvmlDeviceGetBoardPartNumber,
          { "692-2G506-0210-002", "692-2G520-0200-000", "900-2G193-0000-001", "692-2G520-0200-000" } },
        { "VBIOS", nvmlDeviceGetVbiosVersion, { "92.00.45.00.05", "96.00.A5.00.01", "95.04.29.00.06", "96.00.A5.00.01" } },
        { "image of the infoROM",
          nvmlDeviceGetInforomImageVersion,
          { "G506.0210.00.03", "G520.0200.00.05", "G193.0200.00.01", "G520.0200.00.05" } },
        { "OEM object", inforom_oem, { "2.0", "2.1", "2.1", "2.1" } },
        { "ECC object", inforom_ecc, { "6.16", "7.16", "6.16", "7.16" } },
};

static void say_texts(void **state) {
        (void)state;
        start("590.48.01");
        for (size_t row = 0; row < ARRAY_SIZE(texts); row++)
                for (unsigned d = 0; d < DEVICES; d++) {
                        char text[NVML_DEVICE_NAME_V2_BUFFER_SIZE] = "untouched";
                        unsigned size = (unsigned)strlen(texts[row].says[d]) + 1;
                        assert_int_equal(texts[row].get(devices[d], text, 0), NVML_ERROR_INSUFFICIENT_SIZE);
                        assert_int_equal(texts[row].get(devices[d], text, size - 1), NVML_ERROR_INSUFFICIENT_SIZE);
                        assert_string_equal(text, "untouched");
                        assert_int_equal(texts[row].get(devices[d], text, size), NVML_SUCCESS);
                        assert_string_equal(text, texts[row].says[d]);
                        assert_int_equal(texts[row].get(devices[d], NULL, sizeof text), NVML_ERROR_INVALID_ARGUMENT);
                }
        machine_stop();
}

/* nvidia-smi prints N/A for these objects of every such board; of the A100 with 64 GB no listing was seen at all. */
static void say_inforom(void **state) {
        char text[NVML_DEVICE_INFOROM_VERSION_BUFFER_SIZE] = "untouched";
        (void)state;
        machine_start("590.48.01", "H100-80GB,A100-64GB", false);
        assert_int_equal(nvmlDeviceGetInforomVersion(machine_gpu(0), NVML_INFOROM_POWER, text, sizeof text), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetInforomVersion(machine_gpu(0), NVML_INFOROM_DEN, text, sizeof text), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetInforomVersion(machine_gpu(0), 4, text, sizeof text), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetInforomVersion(machine_gpu(1), NVML_INFOROM_ECC, text, sizeof text), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetInforomImageVersion(machine_gpu(1), text, sizeof text), NVML_ERROR_NOT_SUPPORTED);
        assert_string_equal(text, "untouched");
        machine_stop();
}

/* Totals and what is reserved as nvidia-smi prints them under R590, in MiB; the H100's own are those of all its slices together. */
static void say_memory(void **state) {
        static const unsigned total[DEVICES] = { 81920, 81559, 23034, 9984 }, reserved[DEVICES] = { 480, 479, 504, 0 };
        static const unsigned bar1[DEVICES] = { 131072, 131072, 32768, 0 };
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) {
                nvmlMemory_t old;
                nvmlMemory_v2_t memory = { .version = NVML_VERSION(nvmlMemory_v2_t, 2) };
                nvmlBAR1Memory_t window;
                assert_int_equal(nvmlDeviceGetMemoryInfo_v2(devices[d], &memory), NVML_SUCCESS);
                assert_int_equal(memory.total >> 20, total[d]);
                assert_int_equal(memory.reserved >> 20, reserved[d]);
                assert_int_equal(memory.reserved + memory.free + memory.used, memory.total);
                assert_int_equal(nvmlDeviceGetMemoryInfo(devices[d], &old), NVML_SUCCESS);
                assert_int_equal(old.total, memory.total);
                assert_int_equal(old.free, memory.free);
                assert_int_equal(old.used, memory.used + memory.reserved);
                memory.version = NVML_VERSION(nvmlMemory_v2_t, 1);
                assert_int_equal(nvmlDeviceGetMemoryInfo_v2(devices[d], &memory), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
                assert_int_equal(nvmlDeviceGetBAR1MemoryInfo(devices[d], &window), NVML_SUCCESS);
                assert_int_equal(window.bar1Free + window.bar1Used, window.bar1Total);
                if (bar1[d])
                        assert_int_equal(window.bar1Total >> 20, bar1[d]);
                else
                        assert_true(window.bar1Total > 0 && window.bar1Total < 131072ULL << 20);
        }
        machine_stop();
}

static void say_usage(void **state) {
        static nvmlReturn_t (*const engines[])(nvmlDevice_t, unsigned int *,
                                               unsigned int *) = { nvmlDeviceGetEncoderUtilization, nvmlDeviceGetDecoderUtilization,
                                                                   nvmlDeviceGetJpgUtilization, nvmlDeviceGetOfaUtilization };
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) {
                nvmlUtilization_t usage = { 0 };
                nvmlReturn_t wanted = d == A100 || d == L4 ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
                assert_int_equal(nvmlDeviceGetUtilizationRates(devices[d], &usage), wanted);
                assert_int_equal(usage.gpu, wanted ? 0 : 37);
                assert_int_equal(usage.memory, wanted ? 0 : 12);
                for (unsigned e = 0; e < ARRAY_SIZE(engines); e++) {
                        unsigned percent = 0, period = 0;
                        assert_int_equal(engines[e](devices[d], &percent, &period), wanted);
                        assert_int_equal(percent, wanted ? 0 : 5 + e);
                        assert_int_equal(period > 0, !wanted);
                        assert_int_equal(engines[e](devices[L4], &percent, NULL), NVML_ERROR_INVALID_ARGUMENT);
                }
        }
        unsigned rate;
        assert_int_equal(nvmlDeviceGetPcieThroughput(devices[A100], NVML_PCIE_UTIL_TX_BYTES, &rate), NVML_SUCCESS);
        assert_int_equal(rate, 1000);
        assert_int_equal(nvmlDeviceGetPcieThroughput(devices[A100], NVML_PCIE_UTIL_RX_BYTES, &rate), NVML_SUCCESS);
        assert_int_equal(rate, 2000);
        assert_int_equal(nvmlDeviceGetPcieThroughput(devices[A100], 2, &rate), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

/* Nobody encodes video or captures frames here, which is said of the sessions as of their sum. */
static void say_sessions(void **state) {
        nvmlEncoderSessionInfo_t encoding[2];
        nvmlFBCSessionInfo_t capturing[2];
        unsigned count, frames, latency;
        nvmlFBCStats_t sum;
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) {
                nvmlReturn_t wanted = d == SLICE ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
                for (unsigned room = 0; room <= 2; room += 2) {
                        memset(encoding, 0xAA, sizeof encoding);
                        memset(capturing, 0xAA, sizeof capturing);
                        count = room;
                        assert_int_equal(nvmlDeviceGetEncoderSessions(devices[d], &count, room ? encoding : NULL), wanted);
                        assert_int_equal(count, wanted ? room : 0);
                        count = room;
                        assert_int_equal(nvmlDeviceGetFBCSessions(devices[d], &count, room ? capturing : NULL), wanted);
                        assert_int_equal(count, wanted ? room : 0);
                        assert_int_equal(encoding[0].sessionId, 0xAAAAAAAA);
                        assert_int_equal(capturing[0].sessionId, 0xAAAAAAAA);
                }
                assert_int_equal(nvmlDeviceGetEncoderStats(devices[d], &count, &frames, &latency), wanted);
                assert_int_equal(nvmlDeviceGetFBCStats(devices[d], &sum), wanted);
        }
        assert_int_equal(nvmlDeviceGetEncoderSessions(devices[L4], NULL, encoding), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetFBCSessions(devices[L4], NULL, capturing), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void say_heat(void **state) {
        nvmlTemperature_t now = { .version = NVML_VERSION(nvmlTemperature_v1_t, 1), .sensorType = NVML_TEMPERATURE_GPU };
        nvmlMarginTemperature_t margin = { .version = NVML_VERSION(nvmlMarginTemperature_v1_t, 1) };
        unsigned celsius;
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < SLICE; d++) {
                assert_int_equal(nvmlDeviceGetTemperature(devices[d], NVML_TEMPERATURE_GPU, &celsius), NVML_SUCCESS);
                assert_int_equal(celsius, 61);
                assert_int_equal(nvmlDeviceGetTemperatureV(devices[d], &now), NVML_SUCCESS);
                assert_int_equal(now.temperature, 61);
        }
        assert_int_equal(nvmlDeviceGetTemperature(devices[A100], 1, &celsius), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetTemperature(devices[SLICE], NVML_TEMPERATURE_GPU, &celsius), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetTemperatureThreshold(devices[A100], NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, &celsius), NVML_SUCCESS);
        assert_int_equal(celsius, 92);
        assert_int_equal(nvmlDeviceGetTemperatureThreshold(devices[A100], NVML_TEMPERATURE_THRESHOLD_MEM_MAX, &celsius), NVML_SUCCESS);
        assert_int_equal(celsius, 95);
        assert_int_equal(nvmlDeviceGetTemperatureThreshold(devices[L4], NVML_TEMPERATURE_THRESHOLD_MEM_MAX, &celsius),
                         NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetTemperatureThreshold(devices[L4], 8, &celsius), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetMarginTemperature(devices[H100], &margin), NVML_SUCCESS);
        assert_int_equal(margin.marginTemperature, 26); /* 46 at 41 degrees, 45 at 42 in listings */
        assert_int_equal(nvmlDeviceGetMarginTemperature(devices[L4], &margin), NVML_SUCCESS);
        assert_int_equal(margin.marginTemperature, 23); /* 39 at 45 */
        assert_int_equal(nvmlDeviceGetMarginTemperature(devices[A100], &margin), NVML_ERROR_NOT_SUPPORTED);
        now.version = 0;
        assert_int_equal(nvmlDeviceGetTemperatureV(devices[A100], &now), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        machine_stop();
}

/* "T.Limit" as nvidia-smi prints it, N/A on an A100: shutdown, slowdown, memory (an L4 tells nothing of it), full speed. */
static void say_limits_of_heat(void **state) {
        static const int limits[DEVICES][4] = { [A100] = { NONE, NONE, NONE, NONE },
                                                [H100] = { -8, -2, 0, 0 },
                                                [L4] = { -5, -2, NONE, 0 },
                                                [SLICE] = { NONE, NONE, NONE, NONE } };
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) {
                nvmlFieldValue_t fields[4] = { { .fieldId = 193 }, { .fieldId = 194 }, { .fieldId = 195 }, { .fieldId = 196 } };
                assert_int_equal(nvmlDeviceGetFieldValues(devices[d], 4, fields), NVML_SUCCESS);
                for (unsigned i = 0; i < 4; i++) {
                        if (limits[d][i] == NONE) {
                                assert_int_equal(fields[i].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
                                continue;
                        }
                        assert_int_equal(fields[i].nvmlReturn, NVML_SUCCESS);
                        assert_int_equal(fields[i].valueType, NVML_VALUE_TYPE_SIGNED_INT);
                        assert_int_equal(fields[i].value.siVal, limits[d][i]);
                }
        }
        machine_stop();
}

static void say_clocks(void **state) {
        static const unsigned max[3][4] = { { 1410, 1410, 1593, 1290 }, { 1980, 1980, 2619, 1545 }, { 2040, 2040, 6251, 1770 } };
        unsigned mhz, count = 1, clocks[128];
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < SLICE; d++) {
                for (unsigned type = 0; type < 4; type++) {
                        assert_int_equal(nvmlDeviceGetMaxClockInfo(devices[d], type, &mhz), NVML_SUCCESS);
                        assert_int_equal(mhz, max[d][type]);
                }
                assert_int_equal(nvmlDeviceGetClockInfo(devices[d], NVML_CLOCK_SM, &mhz), NVML_SUCCESS);
                assert_int_equal(mhz, 1305);
                assert_int_equal(nvmlDeviceGetClock(devices[d], NVML_CLOCK_MEM, NVML_CLOCK_ID_CURRENT, &mhz), NVML_SUCCESS);
                assert_int_equal(mhz, max[d][2]);
                assert_int_equal(nvmlDeviceGetClockInfo(devices[d], 4, &mhz), NVML_ERROR_INVALID_ARGUMENT);
                assert_int_equal(nvmlDeviceGetApplicationsClock(devices[d], NVML_CLOCK_SM, &mhz), NVML_ERROR_DEPRECATED);
        }
        assert_int_equal(nvmlDeviceGetClockInfo(devices[SLICE], NVML_CLOCK_SM, &mhz), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetSupportedMemoryClocks(devices[A100], &count, clocks), NVML_SUCCESS);
        assert_int_equal(clocks[0], 1593);
        count = 3;
        assert_int_equal(nvmlDeviceGetSupportedGraphicsClocks(devices[A100], 1593, &count, clocks), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(count, 81); /* 1410, 1395, … 210: as nvidia-smi lists them for an A100 */
        count = ARRAY_SIZE(clocks);
        assert_int_equal(nvmlDeviceGetSupportedGraphicsClocks(devices[A100], 1593, &count, clocks), NVML_SUCCESS);
        assert_int_equal(clocks[0], 1410);
        assert_int_equal(clocks[80], 210);
        assert_int_equal(nvmlDeviceGetSupportedGraphicsClocks(devices[A100], 1000, &count, clocks), NVML_ERROR_NOT_FOUND);
        machine_stop();
}

static nvmlReturn_t lock(unsigned min, unsigned max) {
        return nvmlDeviceSetGpuLockedClocks(machine_gpu(0), min, max);
}

static unsigned graphics_clock(void) {
        unsigned mhz;
        assert_int_equal(nvmlDeviceGetClockInfo(machine_gpu(0), NVML_CLOCK_GRAPHICS, &mhz), NVML_SUCCESS);
        return mhz;
}

static void work(struct node *n, void *context) {
        n->gpus[0].load.gpu_percent = *(const uint8_t *)context;
}

static void switch_off_and_on(struct node *n, void *context) {
        (void)context;
        node_reboot(n, machine_now_us());
}

/* An H100 at 345 MHz when it rests and at 1980 MHz when it works; the table of combinations is that of NVIDIA's documentation. */
static void lock_clocks(void **state) {
        uint8_t busy = 50;
        (void)state;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t slice = machine_mig_device(machine_gpu(0), 19, 0);
        assert_int_equal(graphics_clock(), 345);
        assert_int_equal(lock(1200, 1500), NVML_SUCCESS);
        assert_int_equal(graphics_clock(), 1200);
        machine_change(work, &busy);
        assert_int_equal(graphics_clock(), 1500);
        assert_int_equal(lock(0, 9999), NVML_SUCCESS);
        assert_int_equal(graphics_clock(), 1980);
        assert_int_equal(lock(1500, 1500), NVML_SUCCESS);
        assert_int_equal(lock(1500, 1200), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(lock(1200, NVML_CLOCK_LIMIT_ID_UNLIMITED), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(lock(NVML_CLOCK_LIMIT_ID_TDP, NVML_CLOCK_LIMIT_ID_UNLIMITED), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceSetGpuLockedClocks(slice, 1200, 1500), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(graphics_clock(), 1500);
        assert_int_equal(lock(NVML_CLOCK_LIMIT_ID_UNLIMITED, NVML_CLOCK_LIMIT_ID_UNLIMITED), NVML_SUCCESS);
        assert_int_equal(graphics_clock(), 1980);
        assert_int_equal(lock(1200, 1200), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceResetGpuLockedClocks(machine_gpu(0)), NVML_SUCCESS);
        assert_int_equal(graphics_clock(), 1980);
        assert_int_equal(lock(1200, 1200), NVML_SUCCESS);
        machine_change(switch_off_and_on, NULL);
        nvmlShutdown();
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        machine_change(work, &busy);
        assert_int_equal(graphics_clock(), 1980);
        machine_stop();
}

/* R590 gave up what older drivers answer. */
static void say_less_since_r590(void **state) {
        nvmlEnableState_t on;
        unsigned mhz;
        (void)state;
        start("590.48.01");
        assert_int_equal(nvmlDeviceGetDisplayMode(devices[A100], &on), NVML_ERROR_DEPRECATED);
        assert_int_equal(nvmlDeviceGetPowerManagementMode(devices[A100], &on), NVML_ERROR_DEPRECATED);
        machine_stop();
        start("550.54.15");
        assert_int_equal(nvmlDeviceGetDisplayMode(devices[A100], &on), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetPowerManagementMode(devices[A100], &on), NVML_SUCCESS);
        assert_int_equal(on, NVML_FEATURE_ENABLED);
        assert_int_equal(nvmlDeviceGetApplicationsClock(devices[A100], NVML_CLOCK_MEM, &mhz), NVML_SUCCESS);
        assert_int_equal(mhz, 1593);
        machine_stop();
}

static void harm(struct node *n, void *context) {
        (void)context;
        assert_int_equal(event_ecc(n, A100, false, true, 5, machine_now_us()), NVML_SUCCESS);
        assert_int_equal(event_ecc(n, A100, true, false, 2, machine_now_us()), NVML_SUCCESS);
}

static void say_errors(void **state) {
        unsigned long long count;
        nvmlEccSramErrorStatus_t sram = { .version = NVML_VERSION(nvmlEccSramErrorStatus_v1_t, 1) };
        (void)state;
        start("590.48.01");
        machine_change(harm, NULL);
        for (unsigned counter = NVML_VOLATILE_ECC; counter <= NVML_AGGREGATE_ECC; counter++) {
                assert_int_equal(nvmlDeviceGetTotalEccErrors(devices[A100], NVML_MEMORY_ERROR_TYPE_CORRECTED, counter, &count),
                                 NVML_SUCCESS);
                assert_int_equal(count, 5);
                assert_int_equal(nvmlDeviceGetTotalEccErrors(devices[A100], NVML_MEMORY_ERROR_TYPE_UNCORRECTED, counter, &count),
                                 NVML_SUCCESS);
                assert_int_equal(count, 2);
                assert_int_equal(nvmlDeviceGetMemoryErrorCounter(devices[A100], NVML_MEMORY_ERROR_TYPE_UNCORRECTED, counter,
                                                                 NVML_MEMORY_LOCATION_SRAM, &count),
                                 NVML_SUCCESS);
                assert_int_equal(count, 2);
                assert_int_equal(nvmlDeviceGetMemoryErrorCounter(devices[A100], NVML_MEMORY_ERROR_TYPE_UNCORRECTED, counter,
                                                                 NVML_MEMORY_LOCATION_DRAM, &count),
                                 NVML_SUCCESS);
                assert_int_equal(count, 0);
        }
        assert_int_equal(nvmlDeviceGetSramEccErrorStatus(devices[A100], &sram), NVML_SUCCESS);
        assert_int_equal(sram.volatileUncSecDed + sram.volatileUncParity, 2);
        assert_int_equal(nvmlDeviceGetMemoryErrorCounter(devices[SLICE], NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC,
                                                         NVML_MEMORY_LOCATION_SRAM, &count),
                         NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetMemoryErrorCounter(devices[SLICE], NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC,
                                                         NVML_MEMORY_LOCATION_DRAM, &count),
                         NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetTotalEccErrors(devices[A100], 2, NVML_VOLATILE_ECC, &count), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceClearEccErrorCounts(devices[A100], NVML_VOLATILE_ECC), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetTotalEccErrors(devices[A100], NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC, &count),
                         NVML_SUCCESS);
        assert_int_equal(count, 0);
        assert_int_equal(nvmlDeviceGetTotalEccErrors(devices[A100], NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_AGGREGATE_ECC, &count),
                         NVML_SUCCESS);
        assert_int_equal(count, 5);
        machine_stop();
}

/* Banks as nvidia-smi prints them: 640 on an A100, 2560 on an H100, 96 on an L4. */
static void say_rows(void **state) {
        unsigned corrected, uncorrected, pending, failed;
        nvmlRowRemapperHistogramValues_t banks;
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) /* not while there are instances */
                assert_int_equal(nvmlDeviceGetRemappedRows(devices[d], &corrected, &uncorrected, &pending, &failed),
                                 d == A100 || d == L4 ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
        static const unsigned most[] = { 640, 2560, 96 };
        for (unsigned d = 0; d < SLICE; d++) {
                assert_int_equal(nvmlDeviceGetRowRemapperHistogram(devices[d], &banks), NVML_SUCCESS);
                assert_int_equal(banks.max, most[d]);
        }
        machine_stop();
        machine_start("590.48.01", "t4", false); /* which retires pages instead */
        assert_int_equal(nvmlDeviceGetRemappedRows(machine_gpu(0), &corrected, &uncorrected, &pending, &failed), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetRetiredPages(machine_gpu(0), 0, &corrected, NULL), NVML_SUCCESS);
        assert_int_equal(corrected, 0);
        machine_stop();
}

/* Repairs as nvidia-smi prints them: none pending, with MIG as without; memory beyond repair is a matter of HBM since Hopper. */
static void say_repairs(void **state) {
        nvmlUnrepairableMemoryStatus_v1_t broken;
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < DEVICES; d++) {
                nvmlRepairStatus_t repairs = { .version = NVML_VERSION(nvmlRepairStatus_v1_t, 1), 7, 7 };
                assert_int_equal(nvmlDeviceGetRepairStatus(devices[d], &repairs), d == SLICE ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS);
                assert_int_equal(repairs.bChannelRepairPending + repairs.bTpcRepairPending, d == SLICE ? 14 : 0);
                broken.bUnrepairableMemory = 7;
                assert_int_equal(nvmlDeviceGetUnrepairableMemoryFlag_v1(devices[d], &broken),
                                 d == H100 ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED);
                assert_int_equal(broken.bUnrepairableMemory, d == H100 ? 0 : 7);
        }
        assert_int_equal(nvmlDeviceGetUnrepairableMemoryFlag_v1(devices[H100], NULL), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
        machine_start("590.48.01", "t4", false);
        nvmlRepairStatus_t repairs = { .version = NVML_VERSION(nvmlRepairStatus_v1_t, 1) };
        assert_int_equal(nvmlDeviceGetRepairStatus(machine_gpu(0), &repairs), NVML_ERROR_NOT_SUPPORTED);
        machine_stop();
}

/* As `nvidia-smi --query-gpu=platform.…` prints it where no rack is known: no serial, slot 0, tray 0, host 1, "Direct Connected", GUID 0.
 */
static void say_platform(void **state) {
        static const unsigned char nothing[16];
        (void)state;
        start("590.48.01");
        for (unsigned d = 0; d < SLICE; d++) {
                unsigned module;
                nvmlPlatformInfo_t place;
                memset(&place, 0xAA, sizeof place);
                assert_int_equal(nvmlDeviceGetPlatformInfo(devices[d], &place), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
                place.version = NVML_VERSION(nvmlPlatformInfo_v2_t, 2);
                assert_int_equal(nvmlDeviceGetPlatformInfo(devices[d], &place), NVML_SUCCESS);
                assert_int_equal(place.version, 0x0200002C);
                assert_memory_equal(place.ibGuid, nothing, sizeof nothing);
                assert_memory_equal(place.chassisSerialNumber, nothing, sizeof nothing);
                assert_int_equal(place.slotNumber, 0);
                assert_int_equal(place.trayIndex, 0);
                assert_int_equal(place.hostId, 1);
                assert_int_equal(place.peerType, 0);
                assert_int_equal(nvmlDeviceGetModuleId(devices[d], &module), NVML_SUCCESS);
                assert_int_equal(place.moduleId, module);
        }
        nvmlPlatformInfo_v1_t older = { .version = NVML_VERSION(nvmlPlatformInfo_v1_t, 1) };
        assert_int_equal(nvmlDeviceGetPlatformInfo(devices[H100], (nvmlPlatformInfo_t *)&older), NVML_SUCCESS);
        assert_int_equal(older.nodeIndex, 1);
        assert_int_equal(nvmlDeviceGetPlatformInfo(devices[SLICE], (nvmlPlatformInfo_t *)&older), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetPlatformInfo(devices[H100], NULL), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void obey(void **state) {
        unsigned low, high, limit;
        nvmlEnableState_t now, next;
        nvmlComputeMode_t mode;
        nvmlPowerValue_v2_t value = { .version = NVML_VERSION(nvmlPowerValue_v2_t, 2), .powerValueMw = 250000 };
        (void)state;
        start("590.48.01");
        assert_int_equal(nvmlDeviceGetPowerManagementLimitConstraints(devices[A100], &low, &high), NVML_SUCCESS);
        assert_int_equal(low, 100000);
        assert_int_equal(high, 400000);
        assert_int_equal(nvmlDeviceSetPowerManagementLimit(devices[A100], low - 1), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceSetPowerManagementLimit(devices[A100], high + 1), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceSetPowerManagementLimit(devices[A100], 300000), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetEnforcedPowerLimit(devices[A100], &limit), NVML_SUCCESS);
        assert_int_equal(limit, 300000);
        assert_int_equal(nvmlDeviceSetPowerManagementLimit_v2(devices[A100], &value), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetPowerManagementLimit(devices[A100], &limit), NVML_SUCCESS);
        assert_int_equal(limit, 250000);

        assert_int_equal(nvmlDeviceSetEccMode(devices[L4], NVML_FEATURE_DISABLED), NVML_SUCCESS); /* from the next reset on */
        assert_int_equal(nvmlDeviceGetEccMode(devices[L4], &now, &next), NVML_SUCCESS);
        assert_int_equal(now, NVML_FEATURE_ENABLED);
        assert_int_equal(next, NVML_FEATURE_DISABLED);

        assert_int_equal(nvmlDeviceSetComputeMode(devices[H100], NVML_COMPUTEMODE_PROHIBITED), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceSetComputeMode(devices[SLICE], NVML_COMPUTEMODE_EXCLUSIVE_PROCESS), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetComputeMode(devices[SLICE], &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_COMPUTEMODE_EXCLUSIVE_PROCESS);
        assert_int_equal(nvmlDeviceSetComputeMode(devices[A100], NVML_COMPUTEMODE_PROHIBITED), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetComputeMode(devices[A100], &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_COMPUTEMODE_PROHIBITED);
        assert_int_equal(nvmlDeviceSetComputeMode(devices[A100], 4), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetComputeMode(devices[H100], &mode), NVML_SUCCESS);
        assert_int_equal(mode, NVML_COMPUTEMODE_DEFAULT); /* as nvidia-smi prints it beside "MIG: Enabled" */
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(say_numbers), cmocka_unit_test(say_texts),           cmocka_unit_test(say_inforom),
                cmocka_unit_test(say_memory),  cmocka_unit_test(say_usage),           cmocka_unit_test(say_sessions),
                cmocka_unit_test(say_heat),    cmocka_unit_test(say_limits_of_heat),  cmocka_unit_test(say_clocks),
                cmocka_unit_test(lock_clocks), cmocka_unit_test(say_less_since_r590), cmocka_unit_test(say_errors),
                cmocka_unit_test(say_rows),    cmocka_unit_test(say_repairs),         cmocka_unit_test(say_platform),
                cmocka_unit_test(obey),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
