/* What is built into a device: chip, board, bus, firmware. */
#include "sim/node/driver.h"
#include "sim/node/reading.h"

#include "sim/nvml/getter.h"

static const struct {
        const char *name;
        nvmlDeviceArchitecture_t number;
} architectures[] = {
        { "volta", NVML_DEVICE_ARCH_VOLTA }, { "turing", NVML_DEVICE_ARCH_TURING }, { "ampere", NVML_DEVICE_ARCH_AMPERE },
        { "ada", NVML_DEVICE_ARCH_ADA },     { "hopper", NVML_DEVICE_ARCH_HOPPER }, { "blackwell", NVML_DEVICE_ARCH_BLACKWELL },
};

unsigned getter_architecture(const struct target *t) {
        for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
                if (strcmp(architectures[i].name, node_model(t->at)->arch) == 0)
                        return architectures[i].number;
        return NVML_DEVICE_ARCH_UNKNOWN;
}

static nvmlReturn_t architecture(const struct call *call, const struct target *t, nvmlDeviceArchitecture_t *ret_architecture) {
        (void)call;
        *ret_architecture = getter_architecture(t);
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetArchitecture, nvmlDeviceArchitecture_t, architecture)

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
        CALL(nvmlDeviceGetCudaComputeCapability);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!major || !minor)
                return NVML_ERROR_INVALID_ARGUMENT;
        *major = node_model(t.at)->cc_major;
        *minor = node_model(t.at)->cc_minor;
        return NVML_SUCCESS;
}

static nvmlReturn_t cores(const struct call *call, const struct target *t, unsigned int *ret_cores) {
        (void)call;
        *ret_cores = getter_board(t)->cores;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetNumGpuCores, unsigned int, cores)

static nvmlReturn_t bus_width(const struct call *call, const struct target *t, unsigned int *ret_bits) {
        (void)call;
        *ret_bits = getter_board(t)->memory_bus_bits;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetMemoryBusWidth, unsigned int, bus_width)

/* As nvidia-smi prints it: 0x100 is the board at bus 01. */
static nvmlReturn_t board_id(const struct call *call, const struct target *t, unsigned int *ret_id) {
        (void)call;
        *ret_id = t->at->pci_domain << 16 | (unsigned)t->at->pci_bus << 8 | t->at->pci_device;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetBoardId, unsigned int, board_id)

/* The place in a carrier of SXM modules, counted from 1. */
static nvmlReturn_t module_id(const struct call *call, const struct target *t, unsigned int *ret_id) {
        (void)call;
        *ret_id = t->gpu + 1;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetModuleId, unsigned int, module_id)

/* No rack tells its GPUs who it is: then they are host 1, connected to their peers directly, and the rest is zero (listings of H100, H200
 * and L40S). The first version of the struct has the same layout under other names. */
EXPORT nvmlReturn_t nvmlDeviceGetPlatformInfo(nvmlDevice_t device, nvmlPlatformInfo_t *platformInfo) {
        CALL(nvmlDeviceGetPlatformInfo);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!platformInfo)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (platformInfo->version != NVML_VERSION(nvmlPlatformInfo_v1_t, 1) &&
            platformInfo->version != NVML_VERSION(nvmlPlatformInfo_v2_t, 2))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        unsigned module;
        TRY(module_id(&call, &t, &module));
        *platformInfo = (nvmlPlatformInfo_t){ .version = platformInfo->version, .hostId = 1, .moduleId = (unsigned char)module };
        return NVML_SUCCESS;
}

/* No board of the catalogue carries two GPUs. */
static nvmlReturn_t multi_gpu_board(const struct call *call, const struct target *t, unsigned int *ret_several) {
        (void)call;
        (void)t;
        *ret_several = 0;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetMultiGpuBoard, unsigned int, multi_gpu_board)

EXPORT nvmlReturn_t nvmlDeviceOnSameBoard(nvmlDevice_t device1, nvmlDevice_t device2, int *onSameBoard) {
        CALL(nvmlDeviceOnSameBoard);
        struct target a, b;
        TRY(call_device(&call, device1, TARGET_GPU, &a));
        TRY(call_device(&call, device2, TARGET_GPU, &b));
        if (!onSameBoard)
                return NVML_ERROR_INVALID_ARGUMENT;
        *onSameBoard = a.gpu == b.gpu;
        return NVML_SUCCESS;
}

static nvmlReturn_t bus_type(const struct call *call, const struct target *t, nvmlBusType_t *ret_type) {
        (void)call;
        (void)t;
        *ret_type = NVML_BUS_TYPE_PCIE;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetBusType, nvmlBusType_t, bus_type)

static nvmlReturn_t power_source(const struct call *call, const struct target *t, nvmlPowerSource_t *ret_source) {
        (void)call;
        (void)t;
        *ret_source = NVML_POWER_SOURCE_AC;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetPowerSource, nvmlPowerSource_t, power_source)

static nvmlReturn_t irq(const struct call *call, const struct target *t, unsigned int *ret_irq) {
        (void)call;
        *ret_irq = NODE_IRQ_FIRST + t->at->minor;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetIrqNum, unsigned int, irq)

EXPORT nvmlReturn_t nvmlDeviceGetPdi(nvmlDevice_t device, nvmlPdi_t *pdi) {
        CALL(nvmlDeviceGetPdi);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(pdi, nvmlPdi_v1_t, 1);
        pdi->value = t.at->pdi;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCapabilities(nvmlDevice_t device, nvmlDeviceCapabilities_t *caps) {
        CALL(nvmlDeviceGetCapabilities);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        TRY_VERSION(caps, nvmlDeviceCapabilities_v1_t, 1);
        caps->capMask = 0; /* extended GPU memory: only where a machine was set up for it */
        return NVML_SUCCESS;
}

static bool has_gsp(const struct call *call, const struct target *t) {
        return driver_uses_gsp(call->node, node_model(t->at));
}

/* The interface names no length: NVIDIA's documentation asks for 64 bytes. */
EXPORT nvmlReturn_t nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t device, char *version) {
        CALL(nvmlDeviceGetGspFirmwareVersion);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!version)
                return NVML_ERROR_INVALID_ARGUMENT;
        return has_gsp(&call, &t) ? call_text(call.node->driver, version, sizeof call.node->driver) : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetGspFirmwareMode(nvmlDevice_t device, unsigned int *isEnabled, unsigned int *defaultMode) {
        CALL(nvmlDeviceGetGspFirmwareMode);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!isEnabled || !defaultMode)
                return NVML_ERROR_INVALID_ARGUMENT;
        *isEnabled = *defaultMode = has_gsp(&call, &t);
        return NVML_SUCCESS;
}

static nvmlReturn_t virtualization(const struct call *call, const struct target *t, nvmlGpuVirtualizationMode_t *ret_mode) {
        (void)call;
        (void)t;
        *ret_mode = NVML_GPU_VIRTUALIZATION_MODE_NONE;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, virtualization)

/* No monitor hangs on these boards. R590 no longer says whether one could. */
static nvmlReturn_t display_mode(const struct call *call, const struct target *t, nvmlEnableState_t *ret_mode) {
        (void)t;
        if (call->node->driver_major >= 590)
                return NVML_ERROR_DEPRECATED;
        *ret_mode = NVML_FEATURE_DISABLED;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetDisplayMode, nvmlEnableState_t, display_mode)

static nvmlReturn_t display_active(const struct call *call, const struct target *t, nvmlEnableState_t *ret_active) {
        (void)call;
        (void)t;
        *ret_active = NVML_FEATURE_DISABLED;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetDisplayActive, nvmlEnableState_t, display_active)

/* It is never damaged. */
EXPORT nvmlReturn_t nvmlDeviceValidateInforom(nvmlDevice_t device) {
        CALL(nvmlDeviceValidateInforom);
        struct target t;
        return call_device(&call, device, TARGET_GPU, &t);
}
