/* GPU instances. */
#include "sim/node/mig.h"

#include <string.h>

#include "base/mem.h"
#include "sim/node/driver.h"
#include "sim/node/event.h"
#include "sim/node/mig_parts.h"
#include "sim/node/process.h"

/* How many memory slices the driver counts as one when it numbers instances. */
static unsigned slices_per_unit(const struct gpu_model *model) {
        return model->memory_slices == 12 ? 3 : 1;
}

unsigned mig_gi_id(const struct gpu_model *model, unsigned start, unsigned memory_slices) {
        return model->memory_slices / memory_slices - 1 + start / memory_slices;
}

unsigned mig_first_slice(const struct gpu_model *model, unsigned start) {
        return start / slices_per_unit(model);
}

struct layout mig_layout(const struct node_gpu *gpu) {
        struct layout layout = { .model = node_model(gpu) };

        for (unsigned i = 0; i < NODE_GIS_MAX; i++) {
                if (!gpu->gi[i].live)
                        continue;
                unsigned at = layout.count++;
                for (; at > 0 && layout.slices[at - 1].start > gpu->gi[i].start; at--)
                        layout.slices[at] = layout.slices[at - 1];
                layout.slices[at] = (struct slice){ &layout.model->profiles[gpu->gi[i].profile], gpu->gi[i].start };
        }
        return layout;
}

/* Does anything that lives forbid this profile, wherever it stands? */
static bool forbidden_beside(const struct node *n, const struct layout *layout, const struct gpu_profile *profile) {
        for (unsigned i = 0; i < layout->count; i++)
                if (!driver_allows_beside(n, layout->model, layout->slices[i].profile, profile))
                        return true;
        return false;
}

static const struct gpu_profile *whole_gpu(const struct gpu_model *model) {
        for (unsigned i = 0; i < model->profile_count; i++)
                if (model->profiles[i].compute_slices == model->compute_slices)
                        return &model->profiles[i];
        return NULL;
}

/* Placements of one profile never overlap each other, so the scarcest of places, engines and instances counts. */
unsigned mig_remaining(const struct node *n, unsigned gpu, const struct gpu_profile *profile) {
        const struct layout layout = mig_layout(&n->gpus[gpu]);
        const struct gpu_profile *whole = whole_gpu(layout.model);
        uint8_t counts[GPU_PROFILES_MAX];
        unsigned least = profile->max_count, have = 0;

        if (!whole || forbidden_beside(n, &layout, profile))
                return 0;
        layout_free_placements(&layout, counts);
        for (unsigned i = 0; i < layout.count; i++)
                have += layout.slices[i].profile == profile;
        least = have < least ? least - have : 0;
        if (counts[profile->index] < least)
                least = counts[profile->index];
        if (layout.count + least > NODE_GIS_MAX)
                least = NODE_GIS_MAX - layout.count;
        for (unsigned engine = 0; engine < GPU_ENGINE_MAX; engine++) {
                unsigned left = whole->engines[engine];
                for (unsigned i = 0; i < layout.count; i++)
                        left -= layout.slices[i].profile->engines[engine];
                if (profile->engines[engine] && left / profile->engines[engine] < least)
                        least = left / profile->engines[engine];
        }
        return least;
}

/* Where the caller, or else the driver, wants it. */
static nvmlReturn_t choose_start(const struct layout *layout, const struct gpu_profile *profile,
                                 const nvmlGpuInstancePlacement_t *placement, uint8_t *ret_start) {
        struct err e;

        if (!placement)
                return layout_best_start(layout, profile, ret_start, &e) < 0 ? NVML_ERROR_INSUFFICIENT_RESOURCES : NVML_SUCCESS;
        if (placement->size != profile->memory_slices || placement->start > UINT8_MAX ||
            !memchr(profile->starts, (int)placement->start, profile->start_count))
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_start = (uint8_t)placement->start;
        return layout_can_add(layout, (struct slice){ profile, *ret_start }, &e) < 0 ? NVML_ERROR_INSUFFICIENT_RESOURCES : NVML_SUCCESS;
}

nvmlReturn_t mig_create_gi(struct node *n, unsigned gpu, unsigned profile_id, const nvmlGpuInstancePlacement_t *placement, uint64_t now_us,
                           unsigned *ret_slot) {
        struct node_gpu *g = &n->gpus[gpu];
        const struct gpu_profile *profile;

        if (!g->mig_mode)
                return NVML_ERROR_NOT_SUPPORTED;
        nvmlReturn_t r = mig_profile_by_id(n, gpu, profile_id, &profile);
        if (r != NVML_SUCCESS)
                return gpu_has_mig(node_model(g)) ? NVML_ERROR_INVALID_ARGUMENT : r;

        const struct layout layout = mig_layout(g);
        if (layout.count == 0 && g->exclusive_client) /* partitioning really begins with the first instance */
                return NVML_ERROR_IN_USE;
        uint8_t start;
        r = choose_start(&layout, profile, placement, &start);
        if (r != NVML_SUCCESS)
                return r;
        unsigned slot = 0;
        while (slot < NODE_GIS_MAX && g->gi[slot].live)
                slot++;
        if (slot == NODE_GIS_MAX || forbidden_beside(n, &layout, profile))
                return NVML_ERROR_INSUFFICIENT_RESOURCES;

        g->gi[slot] = (struct node_gi){
                .live = 1,
                .id = (uint8_t)mig_gi_id(layout.model, start, profile->memory_slices),
                .profile = profile->index,
                .start = start,
                .serial = n->next_serial++,
        };
        event_add(n, gpu, nvmlEventMigConfigChange, 0, g->gi[slot].id, NVML_NO_INSTANCE, now_us);
        *ret_slot = slot;
        return NVML_SUCCESS;
}

nvmlReturn_t mig_destroy_gi(struct node *n, unsigned gpu, unsigned slot, uint64_t now_us) {
        struct node_gi *gi = &n->gpus[gpu].gi[slot];

        if (now_us < gi->busy_until_us || process_next(n, 0, gpu, gi->id, NODE_NONE, PROCESS_KIND_MAX) >= 0)
                return NVML_ERROR_IN_USE;
        for (unsigned i = 0; i < NODE_CIS_MAX; i++)
                if (gi->ci[i].live)
                        return NVML_ERROR_IN_USE;
        event_add(n, gpu, nvmlEventMigConfigChange, 0, gi->id, NVML_NO_INSTANCE, now_us);
        *gi = (struct node_gi){ 0 };
        return NVML_SUCCESS;
}
