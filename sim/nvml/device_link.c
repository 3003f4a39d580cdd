/* NVLink, and the fabric behind it.
 *
 * Boards with NVLink are joined to a switch (node.nvswitch: every link) or to each other: the links of a GPU go round its peers, the other
 * GPUs of the same model. In MIG mode there is no NVLink.
 */
#include "sim/node/reading.h"

#include "sim/nvml/device_link.h"
#include "sim/nvml/device_pci.h"
#include "sim/nvml/getter.h"

#define SWITCH_BUS 0xC0 /* the first switch; link n goes to the n-th of SWITCHES */
#define SWITCHES 4
#define SWITCH_PCI_ID 0x22A310DEu /* NVSwitch of H100 boards */

static unsigned link_count(const struct target *t) {
        return board_of(node_model(t->at))->nvlinks;
}

/* What an unlinked board says of any link, and a linked one of links that it does not have. */
static nvmlReturn_t check_link(const struct target *t, unsigned link) {
        if (link >= NVML_NVLINK_MAX_LINKS)
                return NVML_ERROR_INVALID_ARGUMENT;
        return link < link_count(t) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

/* The GPU at the other end, without switches; NODE_NONE: the link ends nowhere. */
static unsigned peer_of(const struct node *n, const struct target *t, unsigned link) {
        unsigned peers[NODE_GPUS_MAX], count = 0;
        for (unsigned i = 0; i < n->gpu_count; i++)
                if (i != t->gpu && n->gpus[i].model_index == t->at->model_index && !n->gpus[i].lost)
                        peers[count++] = i;
        return count ? peers[link % count] : NODE_NONE;
}

bool link_is_up(const struct node *n, const struct target *t, unsigned link) {
        return link < link_count(t) && (n->nvswitch || peer_of(n, t, link) != NODE_NONE);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *isActive) {
        CALL(nvmlDeviceGetNvLinkState);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!isActive)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_link(&t, link));
        *isActive = link_is_up(call.node, &t, link) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned int link, unsigned int *version) {
        CALL(nvmlDeviceGetNvLinkVersion);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!version)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_link(&t, link));
        *version = board_of(node_model(t.at))->nvlink_version;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned int link, nvmlNvLinkCapability_t capability,
                                                  unsigned int *capResult) {
        CALL(nvmlDeviceGetNvLinkCapability);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!capResult || capability >= NVML_NVLINK_CAP_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_link(&t, link));
        *capResult = capability != NVML_NVLINK_CAP_SLI_BRIDGE && link_is_up(call.node, &t, link);
        return NVML_SUCCESS;
}

static nvmlReturn_t remote_pci(struct call *call, nvmlDevice_t device, unsigned link, nvmlPciInfo_t *ret_pci) {
        struct target t;
        TRY(call_device(call, device, TARGET_ANY, &t));
        TRY(check_link(&t, link));
        if (!link_is_up(call->node, &t, link))
                return NVML_ERROR_NOT_SUPPORTED;
        if (!call->node->nvswitch) {
                pci_info_of(&call->node->gpus[peer_of(call->node, &t, link)], ret_pci);
                return NVML_SUCCESS;
        }
        const struct node_gpu gpu = { .pci_domain = t.at->pci_domain, .pci_bus = (uint8_t)(SWITCH_BUS + link % SWITCHES) };
        nvmlPciInfo_t pci;
        pci_info_of(&gpu, &pci);
        pci.pciDeviceId = SWITCH_PCI_ID;
        *ret_pci = pci;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned int link, nvmlPciInfo_t *pci) {
        CALL(nvmlDeviceGetNvLinkRemotePciInfo_v2);
        return pci ? remote_pci(&call, device, link, pci) : NVML_ERROR_INVALID_ARGUMENT;
}

/* The older struct ends before the long bus id (device_pci.c). */
EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo(nvmlDevice_t device, unsigned int link, nvmlPciInfo_t *pci) {
        CALL(nvmlDeviceGetNvLinkRemotePciInfo);
        nvmlPciInfo_t whole;
        if (!pci)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(remote_pci(&call, device, link, &whole));
        memcpy(pci, &whole, offsetof(nvmlPciInfo_t, busId));
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned int link,
                                                        nvmlIntNvLinkDeviceType_t *pNvLinkDeviceType) {
        CALL(nvmlDeviceGetNvLinkRemoteDeviceType);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!pNvLinkDeviceType)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_link(&t, link));
        if (!link_is_up(call.node, &t, link))
                *pNvLinkDeviceType = NVML_NVLINK_DEVICE_TYPE_UNKNOWN;
        else
                *pNvLinkDeviceType = call.node->nvswitch ? NVML_NVLINK_DEVICE_TYPE_SWITCH : NVML_NVLINK_DEVICE_TYPE_GPU;
        return NVML_SUCCESS;
}

/* No link ever fails here. */
EXPORT nvmlReturn_t nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, unsigned int link, nvmlNvLinkErrorCounter_t counter,
                                                    unsigned long long *counterValue) {
        CALL(nvmlDeviceGetNvLinkErrorCounter);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!counterValue || counter >= NVML_NVLINK_ERROR_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(check_link(&t, link));
        *counterValue = 0;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceResetNvLinkErrorCounters(nvmlDevice_t device, unsigned int link) {
        CALL_WRITE(nvmlDeviceResetNvLinkErrorCounters);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        return check_link(&t, link);
}

/* Registered with the fabric manager: GPUs on switches, since Hopper. */
static nvmlReturn_t check_fabric(const struct call *call, const struct target *t) {
        bool registered = call->node->nvswitch && link_count(t) && getter_architecture(t) >= NVML_DEVICE_ARCH_HOPPER;
        return registered ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t fabric(const struct call *call, const struct target *t, nvmlGpuFabricInfo_t *ret_info) {
        TRY(check_fabric(call, t));
        *ret_info = (nvmlGpuFabricInfo_t){ .status = NVML_SUCCESS, .state = NVML_GPU_FABRIC_STATE_COMPLETED };
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetGpuFabricInfo, nvmlGpuFabricInfo_t, fabric)

/* The caller's version says how long its struct is. */
EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, nvmlGpuFabricInfoV_t *gpuFabricInfo) {
        CALL(nvmlDeviceGetGpuFabricInfoV);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!gpuFabricInfo)
                return NVML_ERROR_INVALID_ARGUMENT;
        unsigned version = gpuFabricInfo->version;
        if (version != NVML_VERSION(nvmlGpuFabricInfo_v2_t, 2) && version != NVML_VERSION(nvmlGpuFabricInfo_v3_t, 3))
                return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
        TRY(check_fabric(&call, &t));
        const nvmlGpuFabricInfo_v3_t info = { .version = version, .status = NVML_SUCCESS, .state = NVML_GPU_FABRIC_STATE_COMPLETED };
        memcpy(gpuFabricInfo, &info, version & 0xFFFFFF);
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetC2cModeInfoV(nvmlDevice_t device, nvmlC2cModeInfo_v1_t *c2cModeInfo) {
        CALL(nvmlDeviceGetC2cModeInfoV);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!c2cModeInfo)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (getter_architecture(&t) < NVML_DEVICE_ARCH_HOPPER)
                return NVML_ERROR_NOT_SUPPORTED;
        c2cModeInfo->isC2cEnabled = board_of(node_model(t.at))->c2c;
        return NVML_SUCCESS;
}
