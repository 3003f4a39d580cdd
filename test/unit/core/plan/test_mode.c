/* The table of modes, one workload a row. What must come out is what the hardware can do (NVIDIA's MIG and MPS documentation) and what the
 * workload declares. */
#include "core/plan/mode.h"

#include "../../unit.h"

#define W MODE_BIT(GPU_WHOLE)
#define G MODE_BIT(GPU_MIG)
#define P MODE_BIT(GPU_MPS)
#define T MODE_BIT(GPU_TIME_SLICING)

#define ONE_GPU .kind = REQUEST_GPUS, .count = 1

static const struct need sized = { .memory_mib = 4000, .tflops = -1, .fraction = -1 };
static const struct need unknown = { .tflops = -1, .fraction = -1 };
static const struct need part = { .exact = true, .milli = 470, .tflops = -1, .fraction = -1 };
static const struct need all_of_it = { .exact = true, .milli = 1000, .tflops = -1, .fraction = -1 };

static const struct {
        const char *says; /* part of the reason; NULL = no rule narrowed it */
        struct workload w;
        const struct need *need;
        uint8_t allowed, modes;
} cases[] = {
        { "at the same time", { .request = { ONE_GPU } }, &sized, 0, W | G | P },
        { "nothing measured", { .request = { ONE_GPU } }, &unknown, 0, W },
        { "P2P", { .request = { .kind = REQUEST_GPUS, .count = 8 } }, &unknown, 0, W },
        { "NCCL", { .request = { ONE_GPU }, .nccl = true }, &sized, 0, W },
        { "+gfx", { .request = { ONE_GPU }, .graphics = true }, &sized, 0, W | G },
        { "hardware isolation", { .request = { ONE_GPU }, .isolation = ISOLATION_HARDWARE }, &sized, 0, W | G },
        { "no memory limit", { .request = { ONE_GPU }, .isolation = ISOLATION_MEMORY }, &sized, 0, W | G | P },
        { "at the same time", { .request = { ONE_GPU }, .isolation = ISOLATION_NONE }, &sized, 0, W | G | P },
        { "strict latency", { .request = { ONE_GPU }, .latency = LATENCY_STRICT }, &sized, 0, W | G },
        { "mostly idle",
          { .request = { ONE_GPU }, .latency = LATENCY_INTERACTIVE, .usage = { .present = true, .sm_p50 = 0.01f } },
          &sized,
          0,
          W | G | T },
        { "at the same time", /* idle, but nobody said that it can wait */
          { .request = { ONE_GPU }, .usage = { .present = true, .sm_p50 = 0.01f } },
          &sized,
          0,
          W | G | P },
        { "no memory limit", /* idle, but its memory must be its own */
          { .request = { ONE_GPU },
            .latency = LATENCY_BATCH,
            .isolation = ISOLATION_MEMORY,
            .usage = { .present = true, .sm_p50 = 0.01f } },
          &sized,
          0,
          W | G },
        { "names the mode", { .request = { .kind = REQUEST_MIG, .count = 1, .profile = "1g.10gb" } }, &sized, 0, G },
        { "names the mode", { .request = { .kind = REQUEST_MEMORY, .count = 1, .mode = GPU_TIME_SLICING } }, &sized, 0, T },
        { "policy", { .request = { ONE_GPU }, .mode_forced = true, .forced_mode = GPU_MPS }, &sized, W | G, P },
        { "policy", /* over what the workload declares */
          { .request = { ONE_GPU }, .mode_forced = true, .forced_mode = GPU_TIME_SLICING, .isolation = ISOLATION_HARDWARE },
          &sized,
          0,
          T },
        { "P2P", /* but not over hardware */
          { .request = { .kind = REQUEST_GPUS, .count = 2 }, .mode_forced = true, .forced_mode = GPU_MIG },
          &sized,
          0,
          W },
        { "several slices",
          { .request = { .kind = REQUEST_MIG, .count = 2, .profile = "1g.10gb" }, .containers_with_gpu = 1 },
          &sized,
          0,
          W },
        { "at the same time", { .request = { .kind = REQUEST_MEMORY, .count = 2 }, .containers_with_gpu = 2 }, &sized, 0, W | G | P },
        { "no GPU memory", { .request = { ONE_GPU, .milli = 470 } }, &part, 0, P },
        { "no GPU memory", { .request = { ONE_GPU, .milli = 470 } }, &part, W | T, T },
        { "no GPU memory", { .request = { ONE_GPU, .milli = 470 } }, &part, G, W },
        { "whole GPUs", { .request = { ONE_GPU, .milli = 1000 } }, &all_of_it, 0, W },
        { NULL, { .request = { ONE_GPU } }, &sized, W, W },
        { NULL, { .request = { ONE_GPU } }, &sized, T, T },
        { "hardware isolation", { .request = { ONE_GPU }, .isolation = ISOLATION_HARDWARE }, &sized, T | P, W },
};

static void keeps_what_is_possible_and_asked(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct mode_question q = { .workload = &cases[i].w, .need = cases[i].need, .modes_allowed = cases[i].allowed };
                struct mode_answer a = mode_choose(&q);
                if (a.modes != cases[i].modes || !!a.rule != !!cases[i].says || (a.rule && !strstr(a.rule->why, cases[i].says)))
                        fail_msg("case %zu: modes %#x, not %#x; rule %s, not \"%s\"", i, a.modes, cases[i].modes,
                                 a.rule ? a.rule->why : "none", cases[i].says ?: "none");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_what_is_possible_and_asked) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
