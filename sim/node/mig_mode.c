/* MIG mode, and which profiles this GPU has under this driver.
 *
 * RTX PRO 4500 and 5000, RTX 6000D and Thor have MIG mode, but nobody has published the ids and placements of their profiles: the mode can
 * be switched, and every profile answers NOT_SUPPORTED.
 */
#include <stdio.h>
#include <string.h>

#include "sim/node/account.h"
#include "sim/node/driver.h"
#include "sim/node/event.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"

void mig_take_mode(struct node_gpu *gpu) {
        gpu->mig_mode = gpu->mig_pending;
        if (gpu->mig_mode)
                account_switch(gpu, false);
        else
                memset(gpu->gi, 0, sizeof gpu->gi);
}

/* Ampere must be reset, which the call does itself where it can; later generations only have to be idle. */
static nvmlReturn_t activate(struct node *n, unsigned gpu, uint64_t now_us) {
        struct node_gpu *g = &n->gpus[gpu];

        if (node_mig_needs_reset(g)) {
                if (g->exclusive_client)
                        return NVML_ERROR_RESET_REQUIRED;
                return node_reset_gpu(n, gpu, now_us);
        }
        if (node_gpu_busy(n, gpu, now_us))
                return NVML_ERROR_IN_USE;
        reading_settle(n, gpu, now_us);
        mig_take_mode(g);
        return NVML_SUCCESS;
}

nvmlReturn_t mig_set_mode(struct node *n, unsigned gpu, unsigned mode, uint64_t now_us, nvmlReturn_t *ret_activation) {
        struct node_gpu *g = &n->gpus[gpu];

        if (mode > NVML_DEVICE_MIG_ENABLE || !ret_activation)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!driver_knows_mig(n, node_model(g)))
                return NVML_ERROR_NOT_SUPPORTED;

        g->mig_pending = (uint8_t)mode;
        *ret_activation = NVML_SUCCESS;
        if (g->mig_mode == mode)
                return NVML_SUCCESS;
        *ret_activation = activate(n, gpu, now_us);
        if (*ret_activation == NVML_SUCCESS)
                event_add(n, gpu, nvmlEventMigConfigChange, 0, NVML_NO_INSTANCE, NVML_NO_INSTANCE, now_us);
        return NVML_SUCCESS;
}

/* Does it have an id and placements? */
static bool usable(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile) {
        return profile->id != GPU_PROFILE_ID_UNKNOWN && profile->start_count > 0 && driver_knows_profile(n, model, profile);
}

nvmlReturn_t mig_profile_by_enum(const struct node *n, unsigned gpu, unsigned enumerator, const struct gpu_profile **ret_profile) {
        const struct gpu_model *model = node_model(&n->gpus[gpu]);

        if (enumerator >= driver_profile_count(n))
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].nvml == enumerator && usable(n, model, &model->profiles[i])) {
                        *ret_profile = &model->profiles[i];
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_NOT_SUPPORTED;
}

nvmlReturn_t mig_profile_by_id(const struct node *n, unsigned gpu, unsigned id, const struct gpu_profile **ret_profile) {
        const struct gpu_model *model = node_model(&n->gpus[gpu]);

        if (id >= GPU_PROFILE_ID_UNKNOWN)
                return NVML_ERROR_INVALID_ARGUMENT;
        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].id == id && usable(n, model, &model->profiles[i])) {
                        *ret_profile = &model->profiles[i];
                        return NVML_SUCCESS;
                }
        return NVML_ERROR_NOT_SUPPORTED;
}

uint32_t mig_profile_memory_mib(const struct node *n, unsigned gpu, const struct gpu_profile *profile) {
        return driver_memory_mib(n, node_model(&n->gpus[gpu]), profile);
}

/* Volta, Turing and Ampere's A100 and A30 have SMs of 64 cores, later chips of 128 (CUDA programming guide, compute capabilities). */
static unsigned cores_per_sm(const struct gpu_model *model) {
        return model->cc_major == 7 || (model->cc_major == 8 && model->cc_minor == 0) ? 64 : 128;
}

unsigned mig_sm(const struct node_gpu *gpu, unsigned known, unsigned compute_slices) {
        const struct gpu_model *model = node_model(gpu);

        return known ? known : board_of(model)->cores / cores_per_sm(model) * compute_slices / model->compute_slices;
}

void mig_profile_name(const struct node *n, unsigned gpu, const struct gpu_profile *profile, unsigned compute_slices, char text[32]) {
        const char *name = driver_profile_name(n, node_model(&n->gpus[gpu]), profile);

        if (compute_slices == profile->compute_slices)
                snprintf(text, 32, "%s", name);
        else
                snprintf(text, 32, "%uc.%s", compute_slices, name);
}
