#include "sim/nvml/call.h"

/* One checker for each class of first parameter (stubs.def says what they are). No machine that is simulated has units or virtual GPUs. */
#define PARAMETER_DEVICE nvmlDevice_t
#define PARAMETER_GPU_INSTANCE nvmlGpuInstance_t
#define PARAMETER_UNIT const void *
#define PARAMETER_VGPU_TYPE unsigned int
#define PARAMETER_VGPU_INSTANCE unsigned int
#define PARAMETER_POINTER const void *
#define PARAMETER_NUMBER unsigned int

static nvmlReturn_t check_DEVICE(struct call *call, nvmlDevice_t device) {
        struct target t;
        return call_device(call, device, TARGET_ANY, &t);
}

static nvmlReturn_t check_GPU_INSTANCE(struct call *call, nvmlGpuInstance_t instance) {
        struct target t;
        return call_gpu_instance(call, instance, &t);
}

static nvmlReturn_t check_UNIT(struct call *call, const void *unit) {
        (void)call;
        (void)unit;
        return NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t check_VGPU_TYPE(struct call *call, unsigned int type) {
        (void)call;
        (void)type;
        return NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t check_VGPU_INSTANCE(struct call *call, unsigned int instance) {
        (void)call;
        return instance ? NVML_ERROR_NOT_FOUND : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t check_POINTER(struct call *call, const void *pointer) {
        (void)call;
        return pointer ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t check_NUMBER(struct call *call, unsigned int number) {
        (void)call;
        (void)number;
        return NVML_SUCCESS;
}

static nvmlReturn_t answer(const struct call *call, nvmlReturn_t code) {
        if (code == NVML_ERROR_DEPRECATED && call->node->driver_major < 590)
                return NVML_ERROR_NOT_SUPPORTED;
        return code;
}

/* A caller passes more arguments than the function takes; in the C calling conventions of x86-64 and aarch64 the callee need not know. */
#define STUB(name, class, code)                                                                                                            \
        EXPORT nvmlReturn_t name(PARAMETER_##class first);                                                                                 \
        nvmlReturn_t name(PARAMETER_##class first) {                                                                                       \
                CALL(name);                                                                                                                \
                TRY(check_##class(&call, first));                                                                                          \
                return answer(&call, NVML_ERROR_##code);                                                                                   \
        }
#include "sim/nvml/stubs.def"
#undef STUB
