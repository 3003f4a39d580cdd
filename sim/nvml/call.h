/* call: what every exported function does first and last, and how handles become parts of the node.
 *
 * One process, one client: a mutex over everything (as in the real library), an init count, a snapshot of the node. The usual shape:
 *
 *     EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index) {
 *             CALL(nvmlDeviceGetIndex);
 *             struct target t;
 *             TRY(call_device(&call, device, TARGET_ANY, &t));
 *             if (!index)
 *                     return NVML_ERROR_INVALID_ARGUMENT;
 *             *index = …;
 *             return NVML_SUCCESS;
 *     }
 *
 * A call that changes the node says CALL_WRITE, works on call.working (the newest state, locked against all other writers) and ends with
 * `return call_commit(&call, r)`, which publishes only when r is SUCCESS.
 */
#pragma once

#include "sim/node/node.h"
#include "sim/nvml/symbols.h"
#include "sim/store/store.h"

#define EXPORT __attribute__((visibility("default")))

struct call {
        enum symbol symbol;
        uint64_t now_us;         /* CLOCK_REALTIME: NVML's time stamps are those */
        const struct node *node; /* what this call sees; stays the same until it ends */
        struct node *working;    /* CALL_WRITE only: the same node, to be changed */
        struct store_write write;
        bool open, writes, locked; /* call.c: began; is a CALL_WRITE; holds the folder's lock now */
        uint32_t suffered;         /* fault.c: GPUs whose faults this call had, a bit for each */
        unsigned tries;            /* call_again */
        int gpu_hold;              /* call_again: from the second try on */
        int cancel;                /* call.c: whether the thread may be cancelled outside */
};

/* Locks, checks the init count (UNINITIALIZED), looks for a newer state, applies faults that concern no GPU, and says FUNCTION_NOT_FOUND
 * where the node's driver is older than the symbol. */
nvmlReturn_t call_begin(struct call *call, enum symbol symbol, bool write);
nvmlReturn_t call_commit(struct call *call, nvmlReturn_t r);
void call_end(struct call *call);

#define CALL_AS(name, write)                                                                                                               \
        __attribute__((cleanup(call_end))) struct call call = { 0 };                                                                       \
        do {                                                                                                                               \
                nvmlReturn_t begun = call_begin(&call, SYMBOL_##name, write);                                                              \
                if (begun != NVML_SUCCESS)                                                                                                 \
                        return begun;                                                                                                      \
        } while (0)
#define CALL(name) CALL_AS(name, false)
#define CALL_WRITE(name) CALL_AS(name, true)

#define TRY(expression)                                                                                                                    \
        do {                                                                                                                               \
                nvmlReturn_t tried = (expression);                                                                                         \
                if (tried != NVML_SUCCESS)                                                                                                 \
                        return tried;                                                                                                      \
        } while (0)

/* What a handle stands for. */
enum target_kind { TARGET_GPU = 1, TARGET_MIG = 2, TARGET_ANY = 3 };
struct target {
        enum target_kind kind;
        unsigned gpu;              /* index */
        unsigned gi_slot, ci_slot; /* NODE_NONE for a GPU; a GPU instance has no ci_slot */
        const struct node_gpu *at;
        const struct node_gi *gi; /* NULL for a GPU */
        const struct node_ci *ci;
};

/* Resolve a handle. INVALID_ARGUMENT: NULL, never given out, of the other kind (not in `kinds`), or of an instance that is gone. Then the
 * GPU's own faults: GPU_IS_LOST, slow, hung (returns when the hang ends), failing. */
nvmlReturn_t call_device(struct call *call, nvmlDevice_t device, enum target_kind kinds, struct target *ret_target);
nvmlReturn_t call_gpu_instance(struct call *call, nvmlGpuInstance_t instance, struct target *ret_target);
nvmlReturn_t call_compute_instance(struct call *call, nvmlComputeInstance_t instance, struct target *ret_target);
/* The same for a GPU that was found otherwise (by index, UUID, …). */
nvmlReturn_t call_gpu(struct call *call, unsigned gpu, struct target *ret_target);

/* Handles: the same thing has the same handle while it lives; a GPU's stay good for the life of the process. */
nvmlDevice_t handle_of_gpu(unsigned gpu);
nvmlDevice_t handle_of_mig(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot);
nvmlGpuInstance_t handle_of_gi(const struct node *n, unsigned gpu, unsigned gi_slot);
nvmlComputeInstance_t handle_of_ci(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot);

/* Wait until the node changes or `timeout_ms` pass, without the mutexes; then look at the newest state. TIMEOUT: time is up; anything else
 * but SUCCESS: there is nothing to wait for any more (shut down, rebooted, damaged). May wake early. Targets found before must be found
 * again. Not while the folder is locked. */
nvmlReturn_t call_wait(struct call *call, int timeout_ms);
/* A CALL_WRITE that changes a GPU for as long as hardware would take (`real_ms`, scaled by node.latency_percent) holds that GPU meanwhile,
 * and nothing else: changes of other GPUs go on, those of this one queue, and readers see what was before. So it looks and decides anew
 * each time:
 *
 *     do {
 *             TRY(call_device(&call, device, TARGET_GPU, &t));
 *             r = change(call.working, t.gpu, …);
 *     } while (call_again(&call, t.gpu, CHANGE_MS, &r));
 *     return call_commit(&call, r);
 *
 * The first time it learns which GPU it is about. Again when nobody else changes that GPU any more; then `*r` counts if it is a refusal.
 * Again when the time has passed: that one counts. Sets `*r` where it cannot go on. */
bool call_again(struct call *call, unsigned gpu, unsigned real_ms, nvmlReturn_t *r);
/* Without the mutexes. Not while the folder is locked. */
void call_sleep(struct call *call, uint64_t us);

/* GPUs as this process numbers them: all of the node, or those that CARVE_SIM_VISIBLE names. */
unsigned call_gpu_count(const struct call *call);
bool call_gpu_at(const struct call *call, unsigned index, unsigned *ret_gpu);
unsigned call_index_of(const struct call *call, unsigned gpu);
bool call_sees(const struct call *call, unsigned gpu);
/* The same for MIG devices: which of a GPU's this process sees (`ci` NULL: any in that GPU instance), and their indexes. */
bool call_sees_slice(unsigned gpu, const struct node_gi *gi, const struct node_ci *ci);
unsigned call_slice_index(const struct target *slice);
bool call_slice_at(const struct target *gpu, unsigned index, unsigned *ret_gi_slot, unsigned *ret_ci_slot);

/* May this process see what others do on a GPU that is shared out? (Calls that change the node ask for themselves.) */
bool call_privileged(void);

/* Copy text into a caller's buffer: INVALID_ARGUMENT without one, INSUFFICIENT_SIZE when it is too short. */
nvmlReturn_t call_text(const char *text, char *buffer, unsigned length);
