/* mig_model: what MIG should do, written a second time and as plainly as can be: lists and loops over the tables of profiles, nothing
 * shared with the simulator. Where the driver may choose freely, the model only knows what is allowed. */
#pragma once

#include <stdbool.h>

#include "core/gpu/model.h"

#define MODEL_GIS 8
#define MODEL_CIS 8

struct model_ci {
        bool live;
        unsigned id, profile, start, size, index;
        nvmlComputeInstance_t handle;
        nvmlDevice_t device;
};

struct model_gi {
        bool live;
        unsigned id, start;
        const struct gpu_profile *profile;
        nvmlGpuInstance_t handle;
        struct model_ci ci[MODEL_CIS];
};

struct model_gpu {
        const struct gpu_model *model;
        nvmlDevice_t device;
        bool mig;
        struct model_gi gi[MODEL_GIS];
};

static inline const struct gpu_profile *model_profile(const struct model_gpu *g, unsigned id) {
        for (unsigned i = 0; i < g->model->profile_count; i++)
                if (g->model->profiles[i].id == id)
                        return &g->model->profiles[i];
        return NULL;
}

static inline bool model_starts_at(const struct gpu_profile *p, unsigned start) {
        for (unsigned i = 0; i < p->start_count; i++)
                if (p->starts[i] == start)
                        return true;
        return false;
}

/* May `p` stand at `start` beside what lives: no common memory slice, enough engines, not too many of it? */
static inline bool model_fits(const struct model_gpu *g, const struct gpu_profile *p, unsigned start) {
        const struct gpu_profile *whole = NULL;
        unsigned used[GPU_ENGINE_MAX] = { 0 }, same = 0, live = 0;
        for (unsigned i = 0; i < g->model->profile_count; i++)
                if (g->model->profiles[i].compute_slices == g->model->compute_slices)
                        whole = &g->model->profiles[i];
        for (unsigned i = 0; i < MODEL_GIS; i++) {
                const struct model_gi *gi = &g->gi[i];
                if (!gi->live)
                        continue;
                for (unsigned slice = start; slice < start + p->memory_slices; slice++)
                        if (slice >= gi->start && slice < gi->start + gi->profile->memory_slices)
                                return false;
                for (unsigned engine = 0; engine < GPU_ENGINE_MAX; engine++)
                        used[engine] += gi->profile->engines[engine];
                same += gi->profile == p;
                live++;
        }
        for (unsigned engine = 0; engine < GPU_ENGINE_MAX; engine++)
                if (used[engine] + p->engines[engine] > whole->engines[engine])
                        return false;
        return same < p->max_count && live < MODEL_GIS;
}

static inline bool model_fits_somewhere(const struct model_gpu *g, const struct gpu_profile *p) {
        for (unsigned i = 0; i < p->start_count; i++)
                if (model_fits(g, p, p->starts[i]))
                        return true;
        return false;
}

static inline struct model_gi *model_free_gi(struct model_gpu *g) {
        for (unsigned i = 0; i < MODEL_GIS; i++)
                if (!g->gi[i].live)
                        return &g->gi[i];
        return NULL;
}

/* How many more of it: add until none fits. Places of one profile never overlap each other, so the order does not matter. */
static inline unsigned model_remaining(const struct model_gpu *g, const struct gpu_profile *p) {
        struct model_gpu copy = *g;
        unsigned count = 0;
        for (unsigned i = 0; i < p->start_count; i++)
                if (model_fits(&copy, p, p->starts[i])) {
                        *model_free_gi(&copy) = (struct model_gi){ .live = true, .start = p->starts[i], .profile = p };
                        count++;
                }
        return count;
}

static inline const struct gpu_compute_profile *model_compute(const struct model_gi *gi, unsigned id) {
        for (unsigned i = 0; i < gi->profile->compute_count; i++)
                if (gi->profile->compute[i].id == id)
                        return &gi->profile->compute[i];
        return NULL;
}

/* Ampere: anywhere. Later: at multiples of the size, three counting as four. */
static inline bool model_compute_start(const struct model_gpu *g, const struct model_gi *gi, unsigned slices, unsigned start) {
        static const unsigned steps[] = { 1, 1, 2, 4, 4, 8, 8, 8, 8 };
        unsigned step = g->model->cc_major < 9 ? 1 : steps[slices];
        return start % step == 0 && start + slices <= gi->profile->compute_slices;
}

static inline bool model_compute_fits(const struct model_gpu *g, const struct model_gi *gi, const struct gpu_compute_profile *p,
                                      unsigned start) {
        unsigned same = 0;
        if (!model_compute_start(g, gi, p->slices, start))
                return false;
        for (unsigned i = 0; i < MODEL_CIS; i++) {
                const struct model_ci *ci = &gi->ci[i];
                if (ci->live && start < ci->start + ci->size && ci->start < start + p->slices)
                        return false;
                same += ci->live && ci->profile == p->id;
        }
        return same < p->max_count;
}

static inline struct model_ci *model_free_ci(struct model_gi *gi) {
        for (unsigned i = 0; i < MODEL_CIS; i++)
                if (!gi->ci[i].live)
                        return &gi->ci[i];
        return NULL;
}

static inline unsigned model_compute_remaining(const struct model_gpu *g, const struct model_gi *gi, const struct gpu_compute_profile *p) {
        struct model_gi copy = *gi;
        unsigned count = 0;
        for (unsigned start = 0; start < MODEL_CIS; start++)
                if (model_compute_fits(g, &copy, p, start)) {
                        *model_free_ci(&copy) = (struct model_ci){ .live = true, .profile = p->id, .start = start, .size = p->slices };
                        count++;
                }
        return count;
}

static inline unsigned model_smallest_ci_id(const struct model_gi *gi) {
        for (unsigned id = 0;; id++) {
                bool taken = false;
                for (unsigned i = 0; i < MODEL_CIS; i++)
                        taken = taken || (gi->ci[i].live && gi->ci[i].id == id);
                if (!taken)
                        return id;
        }
}

/* MIG devices are numbered by GPU instance id, then compute instance id. */
static inline void model_number(struct model_gpu *g) {
        unsigned index = 0;
        for (unsigned gi_id = 0; gi_id < 32; gi_id++)
                for (unsigned ci_id = 0; ci_id < MODEL_CIS; ci_id++)
                        for (unsigned i = 0; i < MODEL_GIS * MODEL_CIS; i++) {
                                struct model_gi *gi = &g->gi[i / MODEL_CIS];
                                struct model_ci *ci = &gi->ci[i % MODEL_CIS];
                                if (gi->live && ci->live && gi->id == gi_id && ci->id == ci_id)
                                        ci->index = index++;
                        }
}

/* GI ids of the driver: the whole GPU is 0, its halves 1 and 2, quarters from 3 on, eighths from 7 on; a GPU of four slices has no eighths
 * and RTX PRO 6000, with twelve, counts in threes. */
static inline unsigned model_gi_id(const struct gpu_model *model, const struct gpu_profile *p, unsigned start) {
        static const unsigned first[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 7 };
        unsigned parts = model->memory_slices / p->memory_slices;
        return first[parts] + start / p->memory_slices;
}
