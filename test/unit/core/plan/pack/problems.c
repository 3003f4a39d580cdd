#include "problems.h"

#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n) {
        return (uint32_t)(next(state) % n);
}

static const struct gpu_model plain = { .key = "plain", .memory_mib = 24576, .mps = true };

static const struct gpu_model *some_model(uint64_t *state, bool mig) {
        return mig && below(state, 3) > 0 ? gpu_model_find("A100-80GB") : &plain;
}

static struct pack_option some_option(uint64_t *state, bool mig) {
        struct pack_option o = { .gpu = some_model(state, mig) };

        if (gpu_has_mig(o.gpu) && below(state, 4) > 0) {
                o.mode = GPU_MIG;
                o.profile = &o.gpu->profiles[below(state, o.gpu->profile_count)];
        } else {
                o.mode = below(state, 4) == 0 ? GPU_TIME_SLICING : GPU_MPS;
                o.milli = (uint16_t)(50 * (1 + below(state, 20)));
        }
        return o;
}

/* `scale`: 1 makes GPUs scarce, 10 CPU and memory. */
static void some_item(uint64_t *state, struct problem_shape shape, uint32_t scale, struct pack_item *item, struct pack_option *options) {
        *item = (struct pack_item){
                .count = 1 + below(state, shape.pods_per_item),
                .cpu_milli = 50 * scale * (1 + below(state, 16)),
                .memory_mib = 100 * scale * (1 + below(state, 24)),
                .max_per_node = below(state, 5) == 0 ? 1 + below(state, 3) : 0,
                .options = options,
        };
        if (below(state, 4) == 0) {
                item->gpus = (uint8_t)(1 + below(state, shape.gpus));
        } else {
                item->option_count = (uint16_t)(1 + below(state, shape.mig ? PROBLEM_OPTIONS_MAX : 2));
                for (unsigned o = 0; o < item->option_count; o++)
                        options[o] = some_option(state, shape.mig);
        }
        item->types[0] = below(state, 4) == 0 ? next(state) : UINT64_MAX;
}

void problem_random(uint64_t seed, struct problem_shape shape, struct random_problem *ret_problem) {
        struct random_problem *p = ret_problem;
        uint64_t state = seed;

        memset(p, 0, sizeof *p);
        p->problem = (struct pack_problem){
                .items = p->items,
                .item_count = 1 + below(&state, shape.items),
                .types = p->types,
                .type_count = 1 + below(&state, shape.types),
        };
        for (size_t t = 0; t < p->problem.type_count; t++) {
                uint8_t gpus = (uint8_t)(1 + below(&state, shape.gpus));
                uint32_t cpu_per_gpu = 2000 * (1 + below(&state, 8));
                p->types[t] = (struct pack_type){
                        .gpu = some_model(&state, shape.mig),
                        .gpus = gpus,
                        .cpu_milli = gpus * cpu_per_gpu,
                        .memory_mib = gpus * 4096 * (1 + below(&state, 8)),
                        .pods = 2 + below(&state, 20),
                        .usd_per_hour = gpus * (0.5 + cpu_per_gpu / 16000.0) + below(&state, 100) / 1000.0,
                };
        }
        uint32_t scale = 1 + below(&state, 10);
        for (size_t i = 0; i < p->problem.item_count; i++)
                some_item(&state, shape, scale, &p->items[i], p->options[i]);
}

static double still(void *context) {
        (void)context;
        return 0;
}

static bool never(void *context) {
        (void)context;
        return false;
}

const struct pack_env still_env = { .now_seconds = still, .stop = never };
