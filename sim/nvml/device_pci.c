/* A device on its PCI bus. A MIG device answers as its GPU does. */
#include "sim/node/reading.h"

#include "sim/nvml/device_pci.h"
#include "sim/nvml/getter.h"

#define VENDOR_NVIDIA 0x10DEu
#define CLASS_DISPLAY 0x03
#define SUBCLASS_3D_CONTROLLER 0x02

void pci_info_of(const struct node_gpu *gpu, nvmlPciInfo_t *ret_pci) {
        nvmlPciInfo_t pci = {
                .domain = gpu->pci_domain,
                .bus = gpu->pci_bus,
                .device = gpu->pci_device,
                .pciDeviceId = (unsigned)gpu->pci_device_id << 16 | VENDOR_NVIDIA,
                .pciSubSystemId = (unsigned)gpu->pci_subsystem_id << 16 | gpu->pci_subvendor_id,
        };
        snprintf(pci.busId, sizeof pci.busId, "%08X:%02X:%02X.0", pci.domain, pci.bus, pci.device);
        snprintf(pci.busIdLegacy, sizeof pci.busIdLegacy, "%04X:%02X:%02X.0", pci.domain & 0xFFFF, pci.bus & 0xFF, pci.device & 0xFF);
        *ret_pci = pci;
}

static nvmlReturn_t pci_info(const struct call *call, const struct target *t, nvmlPciInfo_t *ret_pci) {
        (void)call;
        pci_info_of(t->at, ret_pci);
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPciInfo_v3, nvmlPciInfo_t, pci_info)

/* The older calls know a shorter struct: without the subsystem, and without the long bus id. What stands behind it is not theirs. */
static nvmlReturn_t first_bytes(const struct call *call, const struct target *t, size_t bytes, nvmlPciInfo_t *ret_pci) {
        nvmlPciInfo_t whole;
        (void)call;
        pci_info_of(t->at, &whole);
        memcpy(ret_pci, &whole, bytes);
        return NVML_SUCCESS;
}

static nvmlReturn_t pci_info_v1(const struct call *call, const struct target *t, nvmlPciInfo_t *ret_pci) {
        return first_bytes(call, t, offsetof(nvmlPciInfo_t, pciSubSystemId), ret_pci);
}
GETTER(nvmlDeviceGetPciInfo, nvmlPciInfo_t, pci_info_v1)

static nvmlReturn_t pci_info_v2(const struct call *call, const struct target *t, nvmlPciInfo_t *ret_pci) {
        return first_bytes(call, t, offsetof(nvmlPciInfo_t, busId), ret_pci);
}
GETTER(nvmlDeviceGetPciInfo_v2, nvmlPciInfo_t, pci_info_v2)

EXPORT nvmlReturn_t nvmlDeviceGetPciInfoExt(nvmlDevice_t device, nvmlPciInfoExt_t *pci) {
        CALL(nvmlDeviceGetPciInfoExt);
        struct target t;
        nvmlPciInfo_t plain;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(pci, nvmlPciInfoExt_v1_t, 1);
        pci_info_of(t.at, &plain);
        *pci = (nvmlPciInfoExt_t){
                .version = pci->version,
                .domain = plain.domain,
                .bus = plain.bus,
                .device = plain.device,
                .pciDeviceId = plain.pciDeviceId,
                .pciSubSystemId = plain.pciSubSystemId,
                .baseClass = CLASS_DISPLAY,
                .subClass = SUBCLASS_3D_CONTROLLER,
        };
        memcpy(pci->busId, plain.busId, sizeof pci->busId);
        return NVML_SUCCESS;
}

static nvmlReturn_t generation(const struct call *call, const struct target *t, unsigned int *ret_generation) {
        (void)call;
        *ret_generation = board_of(node_model(t->at))->pcie_generation;
        return *ret_generation ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}
GETTER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned int, generation)
GETTER(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned int, generation)
GETTER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned int, generation)
GETTER(nvmlDeviceGetPcieLinkMaxSpeed, unsigned int, generation) /* NVML_PCIE_LINK_MAX_SPEED_*: counted as the generations are */

static nvmlReturn_t width(const struct call *call, const struct target *t, unsigned int *ret_lanes) {
        (void)call;
        *ret_lanes = board_of(node_model(t->at))->pcie_width;
        return *ret_lanes ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}
GETTER(nvmlDeviceGetMaxPcieLinkWidth, unsigned int, width)
GETTER(nvmlDeviceGetCurrPcieLinkWidth, unsigned int, width)

/* Mbit/s of a lane: 2500, 5000, then twice as much each generation. */
static nvmlReturn_t speed(const struct call *call, const struct target *t, unsigned int *ret_speed) {
        unsigned g;
        TRY(generation(call, t, &g));
        *ret_speed = g < 3 ? 2500 * g : 1000u << g;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPcieSpeed, unsigned int, speed)

EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, nvmlPcieUtilCounter_t counter, unsigned int *value) {
        CALL(nvmlDeviceGetPcieThroughput);
        struct target t;
        struct reading r;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!value || (counter != NVML_PCIE_UTIL_TX_BYTES && counter != NVML_PCIE_UTIL_RX_BYTES))
                return NVML_ERROR_INVALID_ARGUMENT;
        reading_gpu(call.node, t.gpu, call.now_us, &r);
        *value = counter == NVML_PCIE_UTIL_TX_BYTES ? r.pcie_tx_kib_s : r.pcie_rx_kib_s;
        return NVML_SUCCESS;
}

static nvmlReturn_t replays(const struct call *call, const struct target *t, unsigned int *ret_replays) {
        (void)call;
        *ret_replays = (unsigned)t->at->pcie_replays;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPcieReplayCounter, unsigned int, replays)
