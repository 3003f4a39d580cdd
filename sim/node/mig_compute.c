/* Compute instances. */
#include <string.h>

#include "sim/node/event.h"
#include "sim/node/mig.h"
#include "sim/node/mig_parts.h"
#include "sim/node/process.h"

static const struct gpu_profile *profile_of(const struct node_gpu *gpu, const struct node_gi *gi) {
        return &node_model(gpu)->profiles[gi->profile];
}

const struct gpu_compute_profile *mig_compute_profile(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id) {
        const struct gpu_profile *profile = profile_of(gpu, gi);

        for (unsigned i = 0; i < profile->compute_count; i++)
                if (profile->compute[i].id == id)
                        return &profile->compute[i];
        return NULL;
}

/* A100 and A30 put a compute instance anywhere; from Hopper on it stands at a multiple of its size, the size raised to a power of two. */
static unsigned step_of(const struct node_gpu *gpu, unsigned slices) {
        unsigned step = 1;

        while (!node_mig_needs_reset(gpu) && step < slices)
                step *= 2;
        return step;
}

/* Where it may stand at all, as bits. */
static unsigned starts_of(const struct node_gpu *gpu, const struct gpu_profile *profile, const struct gpu_compute_profile *compute) {
        unsigned starts = 0;

        for (unsigned start = 0; start + compute->slices <= profile->compute_slices; start += step_of(gpu, compute->slices))
                starts |= 1u << start;
        return starts;
}

static unsigned span(unsigned start, unsigned size) {
        return ((1u << size) - 1) << start;
}

/* Compute slices that live compute instances hold. */
static unsigned taken_in(const struct node_gi *gi) {
        unsigned taken = 0;

        for (unsigned i = 0; i < NODE_CIS_MAX; i++)
                if (gi->ci[i].live)
                        taken |= span(gi->ci[i].start, gi->ci[i].size);
        return taken;
}

/* Where it may stand beside those, as bits. */
static unsigned free_starts(const struct node_gpu *gpu, const struct gpu_profile *profile, const struct gpu_compute_profile *compute,
                            unsigned taken) {
        unsigned starts = starts_of(gpu, profile, compute), found = 0;

        for (unsigned start = 0; start < profile->compute_slices; start++)
                if ((starts >> start & 1) && !(span(start, compute->slices) & taken))
                        found |= 1u << start;
        return found;
}

unsigned mig_compute_placements(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id,
                                nvmlComputeInstancePlacement_t places[NODE_CIS_MAX]) {
        const struct gpu_compute_profile *compute = mig_compute_profile(gpu, gi, id);
        unsigned count = 0;

        if (!compute)
                return 0;
        unsigned starts = starts_of(gpu, profile_of(gpu, gi), compute);
        for (unsigned start = 0; start < NODE_CIS_MAX; start++)
                if (starts >> start & 1)
                        places[count++] = (nvmlComputeInstancePlacement_t){ start, compute->slices };
        return count;
}

unsigned mig_compute_remaining(const struct node_gpu *gpu, const struct node_gi *gi, unsigned id) {
        const struct gpu_compute_profile *compute = mig_compute_profile(gpu, gi, id);
        unsigned count = 0, have = 0;

        if (!compute)
                return 0;
        for (unsigned i = 0; i < NODE_CIS_MAX; i++)
                have += gi->ci[i].live && gi->ci[i].profile == id;

        /* Equal sizes: who takes the first free start each time gets the most. */
        unsigned taken = taken_in(gi);
        while (have + count < compute->max_count) {
                unsigned starts = free_starts(gpu, profile_of(gpu, gi), compute, taken);
                if (!starts)
                        break;
                taken |= span((unsigned)__builtin_ctz(starts), compute->slices);
                count++;
        }
        return count;
}

/* All places that are left for anything. */
static unsigned places_left(const struct node_gpu *gpu, const struct gpu_profile *profile, unsigned taken) {
        unsigned count = 0;

        for (unsigned i = 0; i < profile->compute_count; i++)
                count += (unsigned)__builtin_popcount(free_starts(gpu, profile, &profile->compute[i], taken));
        return count;
}

/* As GPU instances are placed: what leaves the most places for more, the lowest of those. */
static unsigned best_start(const struct node_gpu *gpu, const struct gpu_profile *profile, const struct gpu_compute_profile *compute,
                           unsigned taken) {
        unsigned starts = free_starts(gpu, profile, compute, taken), best = 0, best_left = 0;
        bool found = false;

        for (unsigned start = 0; start < profile->compute_slices; start++) {
                if (!(starts >> start & 1))
                        continue;
                unsigned left = places_left(gpu, profile, taken | span(start, compute->slices));
                if (!found || left > best_left) {
                        found = true;
                        best = start;
                        best_left = left;
                }
        }
        return best;
}

static unsigned smallest_free_id(const struct node_gi *gi) {
        unsigned used = 0;

        for (unsigned i = 0; i < NODE_CIS_MAX; i++)
                if (gi->ci[i].live)
                        used |= 1u << gi->ci[i].id;
        return (unsigned)__builtin_ctz(~used);
}

nvmlReturn_t mig_create_ci(struct node *n, unsigned gpu, unsigned gi_slot, unsigned profile_id,
                           const nvmlComputeInstancePlacement_t *placement, uint64_t now_us, unsigned *ret_slot) {
        struct node_gpu *g = &n->gpus[gpu];
        struct node_gi *gi = &g->gi[gi_slot];
        const struct gpu_profile *profile = profile_of(g, gi);

        if (profile_id >= NVML_COMPUTE_INSTANCE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct gpu_compute_profile *compute = mig_compute_profile(g, gi, profile_id);
        if (!compute)
                return NVML_ERROR_NOT_SUPPORTED;
        if (placement && (placement->size != compute->slices || placement->start >= profile->compute_slices ||
                          !(starts_of(g, profile, compute) >> placement->start & 1)))
                return NVML_ERROR_INVALID_ARGUMENT;

        unsigned taken = taken_in(gi), starts = free_starts(g, profile, compute, taken);
        if (!mig_compute_remaining(g, gi, profile_id) || (placement && !(starts >> placement->start & 1)))
                return NVML_ERROR_INSUFFICIENT_RESOURCES;
        unsigned slot = 0;
        while (slot < NODE_CIS_MAX - 1 && gi->ci[slot].live) /* fewer live ones than slots: there are at most seven compute slices */
                slot++;
        gi->ci[slot] = (struct node_ci){
                .live = 1,
                .id = (uint8_t)smallest_free_id(gi),
                .profile = compute->id,
                .start = (uint8_t)(placement ? placement->start : best_start(g, profile, compute, taken)),
                .size = compute->slices,
                .serial = n->next_serial++,
        };
        mig_number_devices(g);
        event_add(n, gpu, nvmlEventMigConfigChange, 0, gi->id, gi->ci[slot].id, now_us);
        *ret_slot = slot;
        return NVML_SUCCESS;
}

nvmlReturn_t mig_destroy_ci(struct node *n, unsigned gpu, unsigned gi_slot, unsigned slot, uint64_t now_us) {
        struct node_gi *gi = &n->gpus[gpu].gi[gi_slot];
        struct node_ci *ci = &gi->ci[slot];

        if (process_next(n, 0, gpu, gi->id, ci->id, PROCESS_KIND_MAX) >= 0)
                return NVML_ERROR_IN_USE;
        event_add(n, gpu, nvmlEventMigConfigChange, 0, gi->id, ci->id, now_us);
        *ci = (struct node_ci){ 0 };
        return NVML_SUCCESS;
}
