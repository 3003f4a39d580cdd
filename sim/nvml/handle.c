/* Handles are addresses inside arrays of ours that nobody reads or writes: the place says which GPU or instance is meant, and which of
 * those that stood there in turn. So there is no table to fill, lock or run out of; a stale handle is told by its turn, and any foreign
 * pointer by lying outside, without looking at what it points to. The arrays are address space only: their pages are never touched.
 */
#include "sim/node/mig.h"

#include "sim/nvml/client.h"

#define TURNS                                                                                                                              \
        4096 /* a handle is mistaken for a newer one if exactly a multiple of so many instances were made since, the last in its place */

static char gpu_space[NODE_GPUS_MAX];
static char gi_space[NODE_GPUS_MAX][NODE_GIS_MAX][TURNS];
static char ci_space[NODE_GPUS_MAX][NODE_GIS_MAX][NODE_CIS_MAX][TURNS];
static char mig_space[NODE_GPUS_MAX][NODE_GIS_MAX][NODE_CIS_MAX][TURNS];

/* What an address says, before anybody asked whether it lives. */
struct place {
        unsigned gpu, gi_slot, ci_slot, turn;
};

nvmlDevice_t handle_of_gpu(unsigned gpu) {
        return (nvmlDevice_t)&gpu_space[gpu];
}

nvmlDevice_t handle_of_mig(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot) {
        uint32_t serial = n->gpus[gpu].gi[gi_slot].ci[ci_slot].serial;
        return (nvmlDevice_t)&mig_space[gpu][gi_slot][ci_slot][serial % TURNS];
}

nvmlGpuInstance_t handle_of_gi(const struct node *n, unsigned gpu, unsigned gi_slot) {
        return (nvmlGpuInstance_t)&gi_space[gpu][gi_slot][n->gpus[gpu].gi[gi_slot].serial % TURNS];
}

nvmlComputeInstance_t handle_of_ci(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot) {
        uint32_t serial = n->gpus[gpu].gi[gi_slot].ci[ci_slot].serial;
        return (nvmlComputeInstance_t)&ci_space[gpu][gi_slot][ci_slot][serial % TURNS];
}

static bool inside(const void *handle, const void *space, size_t size, size_t *ret_offset) {
        uintptr_t at = (uintptr_t)handle, from = (uintptr_t)space;
        if (at < from || at - from >= size)
                return false;
        *ret_offset = at - from;
        return true;
}

static bool place_in(const void *handle, const void *space, size_t size, unsigned cis, struct place *ret_place) {
        size_t offset;
        if (!inside(handle, space, size, &offset))
                return false;
        size_t position = offset / TURNS;
        *ret_place = (struct place){
                .gpu = (unsigned)(position / cis / NODE_GIS_MAX),
                .gi_slot = position / cis % NODE_GIS_MAX,
                .ci_slot = cis > 1 ? (unsigned)(position % cis) : NODE_NONE,
                .turn = offset % TURNS,
        };
        return true;
}

/* Does the place hold what it held when the handle was given out? */
static nvmlReturn_t find(const struct node *n, const struct place *place, enum target_kind kind, struct target *ret_target) {
        struct target t = { .kind = kind, .gpu = place->gpu, .gi_slot = place->gi_slot, .ci_slot = place->ci_slot };
        t.at = &n->gpus[t.gpu];
        if (kind == TARGET_GPU) {
                *ret_target = t;
                return NVML_SUCCESS;
        }
        t.gi = &t.at->gi[t.gi_slot];
        t.ci = t.ci_slot == NODE_NONE ? NULL : &t.gi->ci[t.ci_slot];
        if (!t.gi->live || (t.ci && (!t.ci->live || !call_sees_slice(t.gpu, t.gi, t.ci))) ||
            (t.ci ? t.ci->serial : t.gi->serial) % TURNS != place->turn)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_target = t;
        return NVML_SUCCESS;
}

/* The GPU first, because its faults may take time; then what the place holds by now. */
static nvmlReturn_t resolve(struct call *call, const struct place *place, enum target_kind kind, struct target *ret_target) {
        struct target gpu;
        TRY(call_gpu(call, place->gpu, &gpu));
        return find(call->node, place, kind, ret_target);
}

nvmlReturn_t call_gpu(struct call *call, unsigned gpu, struct target *ret_target) {
        if (!call_sees(call, gpu))
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!(call->suffered & 1U << gpu)) {
                call->suffered |= 1U << gpu;
                TRY(call_suffer(call, gpu));
        }
        if (call->node->gpus[gpu].lost)
                return NVML_ERROR_GPU_IS_LOST;
        *ret_target = (struct target){ .kind = TARGET_GPU, .gpu = gpu, .gi_slot = NODE_NONE, .ci_slot = NODE_NONE };
        ret_target->at = &call->node->gpus[gpu];
        return NVML_SUCCESS;
}

nvmlReturn_t call_device(struct call *call, nvmlDevice_t device, enum target_kind kinds, struct target *ret_target) {
        struct place place = { .gi_slot = NODE_NONE, .ci_slot = NODE_NONE };
        enum target_kind kind = TARGET_GPU;
        size_t offset;
        if (inside(device, gpu_space, sizeof gpu_space, &offset))
                place.gpu = (unsigned)offset;
        else if (place_in(device, mig_space, sizeof mig_space, NODE_CIS_MAX, &place))
                kind = TARGET_MIG;
        else
                return NVML_ERROR_INVALID_ARGUMENT;

        struct target t;
        TRY(resolve(call, &place, kind, &t));
        if (!(kind & kinds))
                return NVML_ERROR_INVALID_ARGUMENT;
        TRY(handle_rule(call->symbol, &t));
        *ret_target = t;
        return NVML_SUCCESS;
}

nvmlReturn_t call_gpu_instance(struct call *call, nvmlGpuInstance_t instance, struct target *ret_target) {
        struct place place;
        if (!place_in(instance, gi_space, sizeof gi_space, 1, &place))
                return NVML_ERROR_INVALID_ARGUMENT;
        return resolve(call, &place, TARGET_MIG, ret_target);
}

nvmlReturn_t call_compute_instance(struct call *call, nvmlComputeInstance_t instance, struct target *ret_target) {
        struct place place;
        if (!place_in(instance, ci_space, sizeof ci_space, NODE_CIS_MAX, &place))
                return NVML_ERROR_INVALID_ARGUMENT;
        return resolve(call, &place, TARGET_MIG, ret_target);
}
