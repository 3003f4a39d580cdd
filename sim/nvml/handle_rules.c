#include "sim/nvml/client.h"

static const struct {
        uint8_t mig_gpu, mig_device; /* nvmlReturn_t */
} rules[SYMBOL_COUNT] = {
#define RULE(name, gpu, device) [SYMBOL_##name] = { (uint8_t)NVML_ERROR_##gpu, (uint8_t)NVML_ERROR_##device },
#define NVML_ERROR_SUCCESS NVML_SUCCESS
#include "sim/nvml/handle_rules.def"
#undef NVML_ERROR_SUCCESS
#undef RULE
};

nvmlReturn_t handle_rule(enum symbol symbol, const struct target *t) {
        if (t->kind == TARGET_MIG)
                return (nvmlReturn_t)rules[symbol].mig_device;
        return t->at->mig_mode == NVML_DEVICE_MIG_ENABLE ? (nvmlReturn_t)rules[symbol].mig_gpu : NVML_SUCCESS;
}
