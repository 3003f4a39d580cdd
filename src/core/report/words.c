#include "core/report/words.h"

#include <math.h>

#include "base/mem.h"

void words_count(struct buf *b, uint64_t count) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);

        for (int i = 0; i < n; i++) {
                if (i > 0 && (n - i) % 3 == 0)
                        buf_addc(b, ',');
                buf_addc(b, digits[i]);
        }
}

void words_counted(struct buf *b, uint64_t count, const char *singular) {
        words_count(b, count);
        buf_printf(b, " %s%s", singular, count == 1 ? "" : "s");
}

void words_dollars(struct buf *b, double usd) {
        double size = fabs(usd);

        if (!isfinite(usd)) {
                buf_adds(b, "?");
                return;
        }
        if (usd < 0)
                buf_adds(b, "-");
        buf_adds(b, "$");
        if (size < 0.005 && size > 0)
                buf_printf(b, "%.4f", size);
        else if (size < 999.995)
                buf_printf(b, "%.2f", size);
        else
                words_count(b, (uint64_t)llround(MIN(size, 1e15)));
}

void words_dollars_short(struct buf *b, double usd) {
        static const struct {
                double least, unit;
                const char *suffix;
        } steps[] = { { 999.5e6, 1e9, "B" }, { 999.5e3, 1e6, "M" }, { 999.5, 1e3, "K" } };

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                if (usd < steps[i].least)
                        continue;
                double n = usd / steps[i].unit;
                buf_printf(b, "$%.*f%s", n < 99.95 && steps[i].unit > 1e3 ? 1 : 0, n, steps[i].suffix);
                return;
        }
        buf_printf(b, "$%.0f", usd);
}

void words_percent(struct buf *b, double percent) {
        double size = fabs(percent);

        buf_printf(b, "%.*f %%", size >= 10 || size == 0 ? 0 : size >= 1 ? 1 : 2, percent);
}

void words_mib(struct buf *b, uint64_t mib) {
        if (mib < 1024)
                buf_printf(b, "%llu MiB", (unsigned long long)mib);
        else
                buf_printf(b, "%.*f GiB", mib % 1024 && mib < 100 * 1024 ? 1 : 0, (double)mib / 1024);
}

void words_milli(struct buf *b, uint32_t milli) {
        char text[24];
        int n = snprintf(text, sizeof text, "%u.%03u", milli / 1000, milli % 1000);

        while (text[n - 1] == '0')
                n--;
        if (text[n - 1] == '.')
                n--;
        buf_add(b, text, (size_t)n);
}

const char *words_mode(enum gpu_mode mode) {
        static const char *const names[] = {
                [GPU_WHOLE] = "whole",
                [GPU_MIG] = "MIG",
                [GPU_MPS] = "MPS",
                [GPU_TIME_SLICING] = "time-slicing",
        };

        return names[mode];
}

void words_gpu(struct buf *b, const struct gpu_model *gpu) {
        buf_adds(b, gpu_model_title(gpu, (char[GPU_TITLE_MAX]){ 0 }));
}

void words_a_gpu(struct buf *b, const struct gpu_model *gpu) {
        static const char spoken_with_a_vowel[] = "AEFHILMNORSXaefhilmnorsx"; /* "an L4", spelled */

        if (!gpu) {
                buf_adds(b, "a GPU");
                return;
        }
        buf_adds(b, strchr(spoken_with_a_vowel, *gpu->key) ? "an " : "a ");
        words_gpu(b, gpu);
}

/* --- one workload ----------------------------------------------------------------------------------------------------------------- */

static void asks_gpus(struct buf *b, const struct gpu_request *r) {
        if (r->milli == 0 || r->milli == 1000) {
                words_counted(b, r->count, "GPU");
                return;
        }
        if (r->count > 1)
                buf_printf(b, "%u × ", r->count);
        words_milli(b, r->milli);
        buf_adds(b, " GPU");
}

static void asks_mig(struct buf *b, const struct gpu_request *r) {
        buf_printf(b, "%u × %s", r->count, r->profile);
}

static void asks_shared(struct buf *b, const struct gpu_request *r) {
        words_counted(b, r->count, "shared turn");
}

static void asks_memory(struct buf *b, const struct gpu_request *r) {
        if (r->count > 1)
                buf_printf(b, "%u × ", r->count);
        words_mib(b, r->memory_mib);
        buf_adds(b, " of a GPU");
}

void words_asks(struct buf *b, const struct workload *w) {
        static void (*const asks[])(struct buf *, const struct gpu_request *) = {
                [REQUEST_GPUS] = asks_gpus,     [REQUEST_MIG] = asks_mig,    [REQUEST_SHARED] = asks_shared,
                [REQUEST_MEMORY] = asks_memory, [REQUEST_MILLI] = asks_gpus,
        };

        asks[w->request.kind](b, &w->request);
}

void words_gets(struct buf *b, const struct plan_workload *w) {
        if (w->unplaced && w->unplaced >= w->demand->replicas) {
                buf_adds(b, "nothing");
                return;
        }
        if (w->mode == GPU_WHOLE && w->gpus > 1) {
                buf_printf(b, "%u whole ", w->gpus);
                if (w->gpu)
                        words_gpu(b, w->gpu);
                else
                        buf_adds(b, "GPUs");
                return;
        }
        if (w->mode == GPU_WHOLE) {
                buf_adds(b, "all of ");
                words_a_gpu(b, w->gpu);
                return;
        }
        if (w->slices > 1)
                buf_printf(b, "%u × ", w->slices);
        buf_printf(b, "%s of ", w->profile);
        words_a_gpu(b, w->gpu);
        buf_printf(b, ", %s", words_mode(w->mode));
}

/* --- instances -------------------------------------------------------------------------------------------------------------------- */

void words_type(struct buf *b, const struct instance_type *type, enum capacity_type capacity) {
        buf_adds(b, type->name);
        if (capacity != CAPACITY_ON_DEMAND)
                buf_printf(b, " (%s)", capacity_type_name(capacity));
}

void words_type_gpus(struct buf *b, const struct instance_type *type) {
        buf_printf(b, "%u × ", type->gpu_count);
        if (instance_is_fractional(type)) {
                words_milli(b, type->gpu_milli);
                buf_addc(b, ' ');
        }
        if (type->gpu)
                words_gpu(b, type->gpu);
        else
                buf_adds(b, type->gpu_name);
}

void words_cut(struct buf *b, const struct view_purchase *purchase) {
        static const char *const how[] = {
                [GPU_WHOLE] = "whole",
                [GPU_MIG] = "cut by MIG",
                [GPU_MPS] = "shared by MPS",
                [GPU_TIME_SLICING] = "shared by time-slicing",
        };
        const char *between = "";

        for (size_t mode = 0; mode < GPU_MODE_MAX; mode++) {
                if (!purchase->gpus[mode])
                        continue;
                buf_adds(b, between);
                if (!*between)
                        words_counted(b, purchase->gpus[mode], "GPU");
                else
                        words_count(b, purchase->gpus[mode]);
                buf_printf(b, " %s", how[mode]);
                between = ", ";
        }
        if (purchase->gpus_empty) {
                buf_adds(b, between);
                words_count(b, purchase->gpus_empty);
                buf_adds(b, " empty");
        }
}

/* --- the whole plan --------------------------------------------------------------------------------------------------------------- */

void words_saving(struct buf *b, const struct plan *p) {
        double saved = p->today_usd_per_hour - p->plan_usd_per_hour;

        if (p->today_usd_per_hour <= 0)
                return;
        if (saved >= 0.005) {
                buf_adds(b, "saves ");
                words_percent(b, p->saving_percent);
                buf_adds(b, ", ");
                words_dollars_short(b, saved * HOURS_PER_YEAR);
                buf_adds(b, " a year");
        } else if (saved <= -0.005) {
                buf_adds(b, "costs ");
                words_percent(b, -p->saving_percent);
                buf_adds(b, " more than today");
        } else {
                buf_adds(b, "costs what it costs today");
        }
}

void words_proof(struct buf *b, const struct plan *p) {
        if (!p->node_count) {
                buf_adds(b, "No pod of this demand can be placed.");
                return;
        }
        if (p->bound_usd_per_hour <= 0) {
                buf_adds(b, "No bound was found: a cheaper plan may exist.");
        } else if (p->gap_percent < 0.005) {
                buf_adds(b, "Proven: no plan for this demand can be cheaper.");
        } else {
                buf_adds(b, "Proven within ");
                words_percent(b, p->gap_percent);
                buf_adds(b, " of the cheapest possible plan: none can cost less than ");
                words_dollars(b, p->bound_usd_per_hour);
                buf_adds(b, "/h.");
        }
        if (!p->exact_engine)
                buf_adds(b, " The exact solver was not installed; this is the best greedy plan.");
        else if (p->stopped && !p->proved)
                buf_adds(b, " The search was stopped before it reached the gap asked for.");
}

void words_solver(struct buf *b, const struct plan *p) {
        buf_printf(b, "Solved in %.*f s", p->seconds < 10 ? 1 : 0, p->seconds);
        if (p->exact_engine) {
                buf_adds(b, ": ");
                words_counted(b, p->iterations, "round");
                buf_adds(b, ", ");
                words_counted(b, p->columns, "pattern");
        }
        buf_adds(b, ".");
}

void words_place(struct buf *b, const struct plan *p) {
        buf_printf(b, "%s, %s", p->region, capacity_type_name(p->capacity));
}

/* --- next steps ------------------------------------------------------------------------------------------------------------------- */

/* A name that a shell takes as it stands; any other would have to be quoted, and is better looked up by the reader. */
static const char *shell_word(const char *name) {
        static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./#";

        return *name && *name != '#' && !name[strspn(name, safe)] && strlen(name) < 330 ? name : "WORKLOAD";
}

#define POOLS_MANY 12 /* more pairs of type and cut than a team likes to keep; the design's own example */

size_t words_steps(const struct view *v, struct words_step steps[WORDS_STEPS_MAX]) {
        const struct plan *p = v->plan;
        size_t n = 0;

        if (p->workload_count) {
                snprintf(steps[n].text, sizeof steps[n].text, "See why the dearest workload gets what it gets.");
                snprintf(steps[n].command, sizeof steps[n].command, "carve plan … --explain %s", shell_word(v->names[v->by_money[0]]));
                n++;
        }
        if (v->measured < p->workload_count && !p->demand->is_trace) {
                snprintf(steps[n].text, sizeof steps[n].text,
                         "%zu of %zu workloads have no measured use and keep what they ask for. Measure them and plan again.",
                         p->workload_count - v->measured, p->workload_count);
                snprintf(steps[n].command, sizeof steps[n].command, "carve plan … --usage usage.csv");
                n++;
        }
        if (p->pools > POOLS_MANY && !p->limit_count) {
                snprintf(steps[n].text, sizeof steps[n].text, "The plan has %u kinds of node. See what fewer would cost.", p->pools);
                snprintf(steps[n].command, sizeof steps[n].command, "carve plan … --max-pools %u", POOLS_MANY);
                n++;
        }
        if (p->stopped && !p->proved && p->exact_engine) {
                snprintf(steps[n].text, sizeof steps[n].text, "Give the search more time; the gap may close further.");
                snprintf(steps[n].command, sizeof steps[n].command, "carve plan … --time-limit %.0f", 10 * ceil(p->seconds));
                n++;
        }
        return n;
}
