/* Who a device is. */
#include "sim/node/mig.h"
#include "sim/node/reading.h"

#include "sim/nvml/getter.h"

static nvmlReturn_t name(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        if (t->kind == TARGET_GPU) {
                snprintf(text, GETTER_TEXT_MAX, "%s", t->at->product);
                return NVML_SUCCESS;
        }
        char profile[32];
        mig_profile_name(call->node, t->gpu, &node_model(t->at)->profiles[t->gi->profile], t->ci->size, profile);
        snprintf(text, GETTER_TEXT_MAX, "%s MIG %s", t->at->product, profile);
        return NVML_SUCCESS;
}
GETTER_TEXT(nvmlDeviceGetName, name)

static nvmlReturn_t uuid(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        if (t->kind == TARGET_GPU)
                mig_gpu_uuid(t->at, text);
        else
                mig_device_uuid(call->node, t->gpu, t->gi_slot, t->ci_slot, text);
        return NVML_SUCCESS;
}
GETTER_TEXT(nvmlDeviceGetUUID, uuid)

static nvmlReturn_t serial(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        (void)call;
        if (!*t->at->serial)
                return NVML_ERROR_NOT_SUPPORTED;
        snprintf(text, GETTER_TEXT_MAX, "%s", t->at->serial);
        return NVML_SUCCESS;
}
GETTER_TEXT(nvmlDeviceGetSerial, serial)

static nvmlReturn_t vbios(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        (void)call;
        snprintf(text, GETTER_TEXT_MAX, "%s", board_of(node_model(t->at))->vbios);
        return NVML_SUCCESS;
}
GETTER_TEXT(nvmlDeviceGetVbiosVersion, vbios)

static nvmlReturn_t part_number(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        (void)call;
        snprintf(text, GETTER_TEXT_MAX, "%s", board_of(node_model(t->at))->part_number);
        return *text ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}
GETTER_TEXT(nvmlDeviceGetBoardPartNumber, part_number)

static nvmlReturn_t inforom_image(const struct call *call, const struct target *t, char text[GETTER_TEXT_MAX]) {
        (void)call;
        snprintf(text, GETTER_TEXT_MAX, "%s", getter_board(t)->inforom_image);
        return *text ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}
GETTER_TEXT(nvmlDeviceGetInforomImageVersion, inforom_image)

/* Boards of data centres keep nothing about power management or the encryption of memory there. */
EXPORT nvmlReturn_t nvmlDeviceGetInforomVersion(nvmlDevice_t device, nvmlInforomObject_t object, char *version, unsigned int length) {
        CALL(nvmlDeviceGetInforomVersion);
        struct target t;
        TRY(call_device(&call, device, TARGET_ANY, &t));
        if (!version || object > NVML_INFOROM_DEN)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct board *b = getter_board(&t);
        const char *text = object == NVML_INFOROM_OEM ? b->inforom_oem : object == NVML_INFOROM_ECC ? b->inforom_ecc : "";
        return *text ? call_text(text, version, length) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t device_index(const struct call *call, const struct target *t, unsigned int *ret_index) {
        *ret_index = t->kind == TARGET_GPU ? call_index_of(call, t->gpu) : call_slice_index(t);
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetIndex, unsigned int, device_index)

static nvmlReturn_t minor_number(const struct call *call, const struct target *t, unsigned int *ret_minor) {
        (void)call;
        *ret_minor = t->at->minor;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetMinorNumber, unsigned int, minor_number)

static nvmlReturn_t brand(const struct call *call, const struct target *t, nvmlBrandType_t *ret_brand) {
        (void)call;
        *ret_brand = (nvmlBrandType_t)board_of(node_model(t->at))->brand;
        return NVML_SUCCESS;
}
GETTER(nvmlDeviceGetBrand, nvmlBrandType_t, brand)
