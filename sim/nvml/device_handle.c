/* From what people call a GPU to its handle. */
#include <ctype.h>
#include <strings.h>

#include "sim/node/mig.h"

#include "sim/nvml/getter.h"

static nvmlReturn_t count(struct call *call, unsigned int *ret_count) {
        if (!ret_count)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_count = call_gpu_count(call);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *deviceCount) {
        CALL(nvmlDeviceGetCount_v2);
        return count(&call, deviceCount);
}

/* The older ones are for GPUs that this process may not open, too: there are none such. */
EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int *deviceCount) {
        CALL(nvmlDeviceGetCount);
        return count(&call, deviceCount);
}

static nvmlReturn_t give_gpu(struct call *call, unsigned gpu, nvmlDevice_t *ret_device) {
        struct target t;
        TRY(call_gpu(call, gpu, &t));
        *ret_device = handle_of_gpu(gpu);
        return NVML_SUCCESS;
}

static nvmlReturn_t by_index(struct call *call, unsigned int index, nvmlDevice_t *ret_device) {
        unsigned gpu;
        if (!ret_device || !call_gpu_at(call, index, &gpu))
                return NVML_ERROR_INVALID_ARGUMENT;
        return give_gpu(call, gpu, ret_device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByIndex_v2);
        return by_index(&call, index, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByIndex);
        return by_index(&call, index, device);
}

static nvmlReturn_t by_gpu_uuid(struct call *call, const char *uuid, nvmlDevice_t *ret_device) {
        char text[MIG_UUID_MAX];
        for (unsigned gpu = 0; gpu < call->node->gpu_count; gpu++) {
                mig_gpu_uuid(&call->node->gpus[gpu], text);
                if (call_sees(call, gpu) && strcasecmp(text, uuid) == 0)
                        return give_gpu(call, gpu, ret_device);
        }
        return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t by_mig_uuid(struct call *call, const char *uuid, nvmlDevice_t *ret_device) {
        char text[MIG_UUID_MAX];
        struct target t;
        for (unsigned i = 0; i < NODE_GPUS_MAX * NODE_GIS_MAX * NODE_CIS_MAX; i++) {
                unsigned gpu = i / NODE_CIS_MAX / NODE_GIS_MAX, gi_slot = i / NODE_CIS_MAX % NODE_GIS_MAX, ci_slot = i % NODE_CIS_MAX;
                if (!call_sees(call, gpu))
                        continue;
                const struct node_gi *gi = &call->node->gpus[gpu].gi[gi_slot];
                if (!gi->live || !gi->ci[ci_slot].live || !call_sees_slice(gpu, gi, &gi->ci[ci_slot]))
                        continue;
                mig_device_uuid(call->node, gpu, gi_slot, ci_slot, text);
                if (strcasecmp(text, uuid) != 0)
                        continue;
                uint32_t serial = gi->ci[ci_slot].serial;
                TRY(call_gpu(call, gpu, &t));
                if (!t.at->gi[gi_slot].live || t.at->gi[gi_slot].ci[ci_slot].serial != serial) /* gone while a fault kept us waiting */
                        return NVML_ERROR_NOT_FOUND;
                *ret_device = handle_of_mig(call->node, gpu, gi_slot, ci_slot);
                return NVML_SUCCESS;
        }
        return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t by_uuid(struct call *call, const char *uuid, nvmlDevice_t *ret_device) {
        if (strncasecmp(uuid, "GPU-", 4) == 0)
                return by_gpu_uuid(call, uuid, ret_device);
        if (strncasecmp(uuid, "MIG-", 4) == 0)
                return by_mig_uuid(call, uuid, ret_device);
        return NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByUUID);
        return uuid && device ? by_uuid(&call, uuid, device) : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t by_binary_uuid(struct call *call, const unsigned char b[16], nvmlDevice_t *ret_device) {
        char text[MIG_UUID_MAX];
        snprintf(text, sizeof text, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
                 b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
        nvmlReturn_t r = by_uuid(call, text, ret_device);
        if (r != NVML_ERROR_NOT_FOUND)
                return r;
        memcpy(text, "MIG", 3);
        return by_uuid(call, text, ret_device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUIDV(const nvmlUUID_t *uuid, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByUUIDV);
        TRY_VERSION(uuid, nvmlUUID_v1_t, 1);
        if (!device)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (uuid->type == NVML_UUID_TYPE_BINARY)
                return by_binary_uuid(&call, uuid->value.bytes, device);
        char text[sizeof uuid->value.str + 1];
        snprintf(text, sizeof text, "%.*s", (int)sizeof uuid->value.str, uuid->value.str);
        return uuid->type == NVML_UUID_TYPE_ASCII ? by_uuid(&call, text, device) : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleBySerial);
        if (!serial || !device)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned gpu = 0; gpu < call.node->gpu_count; gpu++)
                if (call_sees(&call, gpu) && *serial && strcmp(call.node->gpus[gpu].serial, serial) == 0)
                        return give_gpu(&call, gpu, device);
        return NVML_ERROR_NOT_FOUND;
}

/* "0000:01:00.0", "00000000:01:00.0", "01:00.0", "01:00"; letters of either case. */
static bool parse_bus_id(const char *text, unsigned *ret_domain, unsigned *ret_bus, unsigned *ret_device) {
        unsigned long part[3];
        unsigned parts = 0;
        char *end;
        for (;; text = end + 1) {
                if (parts == 3 || !isxdigit((unsigned char)*text))
                        return false;
                part[parts++] = strtoul(text, &end, 16);
                if (*end != ':')
                        break;
        }
        if (parts < 2 || (*end && strcmp(end, ".0") != 0))
                return false;
        unsigned long domain = parts == 3 ? part[0] : 0;
        if (domain > UINT32_MAX || part[parts - 2] > UINT8_MAX || part[parts - 1] > UINT8_MAX)
                return false;
        *ret_domain = (unsigned)domain;
        *ret_bus = (unsigned)part[parts - 2];
        *ret_device = (unsigned)part[parts - 1];
        return true;
}

static nvmlReturn_t by_bus_id(struct call *call, const char *text, nvmlDevice_t *ret_device) {
        unsigned domain, bus, device;
        if (!text || !ret_device || !parse_bus_id(text, &domain, &bus, &device))
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < call->node->gpu_count; i++) {
                const struct node_gpu *gpu = &call->node->gpus[i];
                if (call_sees(call, i) && gpu->pci_domain == domain && gpu->pci_bus == bus && gpu->pci_device == device)
                        return give_gpu(call, i, ret_device);
        }
        return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pciBusId, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByPciBusId_v2);
        return by_bus_id(&call, pciBusId, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *pciBusId, nvmlDevice_t *device) {
        CALL(nvmlDeviceGetHandleByPciBusId);
        return by_bus_id(&call, pciBusId, device);
}
