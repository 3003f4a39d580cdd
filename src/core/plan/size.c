#include "core/plan/size.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* The least memory any slice of this name has: what its name promises on every GPU. */
static uint32_t profile_memory_mib(const char *name) {
        uint32_t least = 0;

        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_profile *p = gpu_profile_find(gpu_model_at(i), name);
                if (p && (least == 0 || p->memory_mib < least))
                        least = p->memory_mib;
        }
        return least;
}

static void add_measured_memory(struct need *n, const struct usage *u) {
        const struct {
                const char *name;
                uint32_t mib;
        } sources[] = { { "p99", u->memory_p99_mib }, { "maximum", u->memory_max_mib }, { "p95", u->memory_p95_mib } };

        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                if (sources[i].mib == 0)
                        continue;
                n->measured_mib = sources[i].mib;
                n->memory_source = sources[i].name;
                n->memory_mib = (uint32_t)ceil(sources[i].mib * (1 + n->headroom_percent / 100.0));
                return;
        }
}

/* The GPU the numbers were taken on: named, or the only one the workload may use. */
static const struct gpu_model *measured_on(const struct workload *w) {
        if (w->usage.gpu)
                return w->usage.gpu;
        if (__builtin_popcountll(w->gpus_allowed) == 1)
                return gpu_model_at((size_t)__builtin_ctzll(w->gpus_allowed));
        return NULL;
}

static void add_measured_compute(struct need *n, const struct workload *w) {
        float activity = w->usage.sm_p95 >= 0 ? w->usage.sm_p95 : w->usage.sm_max;
        const struct gpu_model *gpu = measured_on(w);

        if (activity < 0)
                return;
        n->activity = activity;
        n->activity_gpu = gpu;
        /* Headroom does not make a GPU too slow for what ran on it. */
        float part = fminf(activity * (1 + (float)n->headroom_percent / 100), fmaxf(activity, 1));
        if (gpu)
                n->tflops = part * gpu->fp16_tflops;
        else
                n->fraction = fminf(part, 1);
}

struct need size_need(const struct workload *w, bool is_trace, const struct size_rules *rules) {
        const struct gpu_request *request = &w->request;
        struct need n = { .tflops = -1, .fraction = -1, .activity = -1, .exact = is_trace };
        double headroom = w->headroom_percent >= 0 ? w->headroom_percent : rules->headroom_percent;

        n.headroom_percent = (unsigned)lround(headroom);
        if (is_trace) {
                n.milli = request->milli;
                return n;
        }
        n.declared_mib = request->kind == REQUEST_MIG ? profile_memory_mib(request->profile) : request->memory_mib;
        if (w->usage.present) {
                add_measured_memory(&n, &w->usage);
                add_measured_compute(&n, w);
        }
        bool below = (w->below_request || rules->below_request) && n.measured_mib > 0;
        if (!below && n.declared_mib > n.memory_mib) {
                n.memory_mib = n.declared_mib;
                n.memory_source = "declared";
        }
        if (!below && request->kind != REQUEST_GPUS)
                n.milli = request->milli;
        return n;
}

static double round_step(double value, double grain, bool up) {
        if (value <= 0)
                return value;
        double step = log(value) / log1p(grain);
        /* A value that is a step already stays, whatever the last bits of a logarithm are. */
        step = fabs(step - round(step)) < 1e-9 ? round(step) : up ? ceil(step) : floor(step);
        double rounded = pow(1 + grain, step);
        return up ? fmax(rounded, value) : fmin(rounded, value);
}

struct need size_round(const struct need *n, double grain, bool up) {
        struct need rounded = *n;

        if (grain <= 0)
                return rounded;
        if (n->memory_mib > 0)
                rounded.memory_mib =
                        MAX(1u, (uint32_t)(up ? ceil(round_step(n->memory_mib, grain, up)) : floor(round_step(n->memory_mib, grain, up))));
        if (n->milli > 0 && n->milli < 1000) {
                double milli = round_step(n->milli, grain, up);
                rounded.milli = (uint16_t)fmin(999, fmax(1, up ? ceil(milli) : floor(milli)));
                if (up && rounded.milli < n->milli)
                        rounded.milli = n->milli;
        }
        rounded.tflops = (float)round_step(n->tflops, grain, up);
        rounded.fraction = n->fraction > 0 ? fminf(1, (float)round_step(n->fraction, grain, up)) : n->fraction;
        return rounded;
}

float size_compute(const struct need *n, const struct gpu_model *gpu) {
        float asked = n->milli > 0 ? n->milli / 1000.0f : -1;

        if (n->tflops >= 0)
                return fmaxf(asked, n->tflops / gpu->fp16_tflops);
        return fmaxf(asked, n->fraction);
}

static uint32_t round_up_size(uint32_t mib, const struct size_rules *rules) {
        uint32_t best = 0;

        if (rules->menu_count == 0)
                return (mib + 1023) / 1024 * 1024;
        for (size_t i = 0; i < rules->menu_count; i++)
                if (rules->menu_mib[i] >= mib && (best == 0 || rules->menu_mib[i] < best))
                        best = rules->menu_mib[i];
        return best;
}

/* What processes can use once the MPS server has its part. */
static uint32_t left_for_shares(uint32_t usable_mib, enum gpu_mode mode) {
        return mode == GPU_MPS ? usable_mib - MIN(usable_mib, SIZE_MPS_SERVER_MIB) : usable_mib;
}

uint32_t size_milli(uint32_t mib, uint32_t usable_mib, enum gpu_mode mode) {
        uint32_t left = left_for_shares(usable_mib, mode);
        return left == 0 ? UINT32_MAX : (uint32_t)(((uint64_t)mib * 1000 + left - 1) / left);
}

bool size_share(const struct need *n, const struct gpu_model *gpu, uint32_t usable_mib, enum gpu_mode mode, unsigned clients,
                const struct size_rules *rules, struct share *ret_share) {
        if (n->exact) {
                *ret_share = (struct share){ .milli = n->milli };
                return true;
        }
        uint32_t left = left_for_shares(usable_mib, mode);
        if (left == 0)
                return false;

        /* Compute is expressed as memory too, so that a share's name alone says how much of the GPU it is. */
        double compute = fmax(0, size_compute(n, gpu));
        if (mode == GPU_MPS)
                compute = fmax(compute, (double)clients / SIZE_MPS_CLIENTS_MAX);
        double mib = fmax(n->memory_mib, ceil(compute * left));
        if (mib > left)
                return false;
        uint32_t size = round_up_size((uint32_t)mib, rules);
        if (size == 0 || size > left)
                return false;
        *ret_share = (struct share){ .mib = size, .milli = (uint16_t)size_milli(size, usable_mib, mode) };
        return true;
}

static uint16_t full_sm(const struct gpu_model *gpu) {
        uint16_t most = 0;

        for (size_t i = 0; i < gpu->profile_count; i++)
                most = MAX(most, gpu->profiles[i].sm);
        return most;
}

float size_profile_compute(const struct gpu_model *gpu, const struct gpu_profile *profile) {
        return (float)profile->sm / full_sm(gpu);
}

static bool right_engines(const struct gpu_profile *profile, bool graphics) {
        const char *attributes = strpbrk(profile->name, "+-");
        return graphics ? attributes && strcmp(attributes, "+gfx") == 0 : !attributes;
}

const struct gpu_profile *size_profile(const struct need *n, const struct gpu_model *gpu, bool graphics, bool full) {
        const struct gpu_profile *best = NULL;
        float compute = size_compute(n, gpu);
        uint32_t memory_mib = MAX(n->memory_mib, (uint32_t)((uint64_t)n->milli * gpu->memory_mib / 1000));

        for (size_t i = 0; i < gpu->profile_count; i++) {
                const struct gpu_profile *p = &gpu->profiles[i];
                if (!right_engines(p, graphics) || (p->compute_slices == gpu->compute_slices && !full))
                        continue;
                if (p->memory_mib < memory_mib || size_profile_compute(gpu, p) < compute)
                        continue;
                if (!best || p->memory_slices < best->memory_slices ||
                    (p->memory_slices == best->memory_slices && p->compute_slices < best->compute_slices))
                        best = p;
        }
        return best;
}

bool size_fits_whole(const struct need *n, const struct gpu_model *gpu, uint32_t usable_mib) {
        return n->memory_mib <= usable_mib && size_compute(n, gpu) <= 1;
}
