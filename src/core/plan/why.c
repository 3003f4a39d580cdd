#include "core/plan/why.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX 1024
#define TITLE(gpu) gpu_model_title(gpu, (char[GPU_TITLE_MAX]){ 0 })

static double gib(uint32_t mib) {
        return mib / 1024.0;
}

static const char *finish(const struct choices *c, struct buf *text) {
        const char *kept = arena_strdup(c->world.arena, buf_text(text));
        buf_done(text);
        return kept;
}

/* "T4, A10G and 3 more" */
static void add_models(struct buf *text, uint64_t models) {
        unsigned shown = 0, more = 0;

        for (size_t i = 0; i < gpu_model_count(); i++) {
                if (!(models >> i & 1))
                        continue;
                if (shown < 4)
                        buf_printf(text, "%s%s", shown++ ? ", " : "", TITLE(gpu_model_at(i)));
                else
                        more++;
        }
        if (more > 0)
                buf_printf(text, " and %u more", more);
}

/* Its restrictions leave nothing. */
static void say_not_allowed(const struct choices *c, const struct workload *w, struct buf *text) {
        if (c->world.options->honour_trace_gpus && w->trace_gpus && w->trace_gpus_allowed == 0) {
                buf_printf(text, "names the GPU %s, which EC2 does not sell", w->trace_gpus);
                return;
        }
        uint8_t archs = c->world.options->arch_allowed ?: 1u << ARCH_AMD64;
        if (w->arch_allowed && !(w->arch_allowed & archs)) {
                const char *own = w->arch_allowed >> ARCH_ARM64 & 1 ? "arm64" : "amd64";
                buf_printf(text, "runs on %s only, and that may not be bought: add --arch %s", own, own);
                return;
        }
        buf_adds(text, "no instance type that may be bought is one it allows");
        if (w->trace_gpus && c->world.options->honour_trace_gpus)
                buf_printf(text, " (it names the GPU %s)", w->trace_gpus);
        else if (w->gpus_allowed) {
                buf_adds(text, " (it allows only the GPUs ");
                add_models(text, w->gpus_allowed);
                buf_adds(text, ")");
        }
}

static const struct market_gpu *largest_gpu(const struct market *m, const struct market_set *allowed) {
        const struct market_gpu *largest = NULL;

        for (size_t i = 0; i < m->type_count; i++) {
                const struct market_gpu *gpu = &m->gpus[m->types[i].gpu];
                if (market_has(allowed, i) && (!largest || gpu->usable_mib > largest->usable_mib))
                        largest = gpu;
        }
        return largest;
}

/* No GPU it may use holds one slice. */
static void say_gpu_too_small(const struct choices *c, const struct workload *w, const struct choice *choice,
                              const struct market_set *allowed, struct buf *text) {
        const struct market_gpu *largest = largest_gpu(c->world.market, allowed);

        if (w->request.kind == REQUEST_MIG && choice->need.measured_mib == 0)
                buf_printf(text, "asks %s, a profile that no GPU it may use has", w->request.profile);
        else if (choice->need.memory_mib > largest->usable_mib)
                buf_printf(text, "needs %.1f GiB of GPU memory; the largest GPU it may use (%s) has %.1f GiB", gib(choice->need.memory_mib),
                           TITLE(largest->sold_as), gib(largest->usable_mib));
        else if (size_compute(&choice->need, largest->model) > 1)
                buf_printf(text, "needs %.1f times the compute of the largest GPU it may use (%s)",
                           (double)size_compute(&choice->need, largest->model), TITLE(largest->sold_as));
        else
                buf_printf(text, "no GPU it may use gives it a slice in a mode that is allowed, nor is as large as the one it ran on");
}

/* A GPU would do, but no instance has enough of the rest. */
static void say_does_not_fit(const struct market *m, const struct workload *w, const struct market_set *types, uint32_t gpus,
                             struct buf *text) {
        const struct market_type *most_gpus = NULL, *most_cpu = NULL, *most_memory = NULL;

        for (size_t i = 0; i < m->type_count; i++) {
                const struct market_type *t = &m->types[i];
                if (!market_has(types, i))
                        continue;
                if (!most_gpus || t->type->gpu_count > most_gpus->type->gpu_count)
                        most_gpus = t;
                if (t->type->gpu_count < gpus)
                        continue;
                if (!most_cpu || t->cpu_milli > most_cpu->cpu_milli)
                        most_cpu = t;
                if (!most_memory || t->memory_mib > most_memory->memory_mib)
                        most_memory = t;
        }
        const char *plural = gpus == 1 ? "" : "s";
        buf_printf(text, "needs %.1f cores, %.1f GiB and %u GPU%s; ", w->cpu_milli / 1000.0, gib(w->memory_mib), gpus, plural);
        if (!most_cpu)
                buf_printf(text, "the largest allowed type (%s) has %u GPUs", most_gpus->type->name, most_gpus->type->gpu_count);
        else if (w->cpu_milli > most_cpu->cpu_milli)
                buf_printf(text, "the largest allowed type with %u GPU%s (%s) has %.1f cores for pods", gpus, plural, most_cpu->type->name,
                           most_cpu->cpu_milli / 1000.0);
        else if (w->memory_mib > most_memory->memory_mib)
                buf_printf(text, "the largest allowed type with %u GPU%s (%s) has %.1f GiB for pods", gpus, plural, most_memory->type->name,
                           gib(most_memory->memory_mib));
        else
                buf_printf(text, "no allowed type has all of it (%s has the most cores, %s the most memory)", most_cpu->type->name,
                           most_memory->type->name);
}

const char *why_unplaced(const struct choices *c, const struct workload *w, const struct choice *choice, const struct market_set *allowed,
                         uint32_t gpus) {
        struct buf text = BUF(TEXT_MAX);

        if (market_empty(allowed))
                say_not_allowed(c, w, &text);
        else if (market_empty(&choice->types))
                say_gpu_too_small(c, w, choice, allowed, &text);
        else
                say_does_not_fit(c->world.market, w, &choice->types, gpus, &text);
        return finish(c, &text);
}

static void add_memory(struct buf *text, const struct workload *w, const struct need *n) {
        bool declared = strcmp(n->memory_source, "declared") == 0;

        if (declared && w->request.kind == REQUEST_MIG)
                buf_printf(text, "asks %s (%.1f GiB)", w->request.profile, gib(n->declared_mib));
        else if (declared)
                buf_printf(text, "declares %.1f GiB of GPU memory", gib(n->declared_mib));
        else
                buf_printf(text, "%s memory %.1f GiB + %u %% = %.1f GiB", n->memory_source, gib(n->measured_mib), n->headroom_percent,
                           gib(n->memory_mib));
        if (declared && n->measured_mib > 0)
                buf_printf(text, " (measured: %.1f GiB)", gib(n->measured_mib));
}

/* "p99 memory 6.1 GiB + 20 % = 7.3 GiB, compute 14 % of L4" */
static void add_need(struct buf *text, const struct workload *w, const struct need *n, const struct gpu_model *gpu) {
        float compute = size_compute(n, gpu);

        if (n->exact) {
                buf_printf(text, "asks %u/1000 of a GPU", n->milli);
                return;
        }
        if (n->memory_mib > 0)
                add_memory(text, w, n);
        if (n->milli > 0)
                buf_printf(text, "%sasks %u/1000 of a GPU", text->length ? ", " : "", n->milli);
        if (n->activity >= 0)
                buf_printf(text, ", SM activity %.0f %%%s%s + %u %% = %.0f %% of %s", (double)n->activity * 100,
                           n->activity_gpu ? " of " : "", n->activity_gpu ? TITLE(n->activity_gpu) : "", n->headroom_percent,
                           (double)compute * 100, TITLE(gpu));
}

static void add_slice(struct buf *text, const struct choice *choice, const struct why_got *got) {
        const char *gpu = TITLE(got->gpu);

        if (got->group->mode == GPU_MIG) {
                const struct gpu_profile *p = got->option->profile;
                buf_printf(text, " fits %s (%.1f GiB, %.0f %% of the SMs) of %s", p->name, gib(p->memory_mib),
                           (double)size_profile_compute(got->option->gpu, p) * 100, gpu);
                return;
        }
        unsigned milli = got->option->milli / choice->slices;
        if (choice->need.exact)
                return;
        float compute = size_compute(&choice->need, got->option->gpu);
        bool by_compute = (double)compute * got->usable_mib > choice->need.memory_mib;
        buf_printf(text, ": %s is %u/1000 of %s%s", got->group->profile, milli, gpu,
                   by_compute && choice->need.memory_mib > 0 ? ", sized by compute" : "");
}

static const char *mode_title(enum gpu_mode mode) {
        static const char *const titles[GPU_MODE_MAX] = {
                [GPU_WHOLE] = "whole GPU", [GPU_MIG] = "MIG", [GPU_MPS] = "MPS", [GPU_TIME_SLICING] = "time-slicing"
        };
        return titles[mode];
}

const char *why_reason(const struct choices *c, const struct workload *w, const struct choice *choice, const struct why_got *got) {
        const struct mode_rule *rule = choice->answer.rule;
        struct buf text = BUF(TEXT_MAX);

        if (got->group->mode != GPU_WHOLE) {
                add_need(&text, w, &choice->need, got->option->gpu);
                add_slice(&text, choice, got);
                buf_printf(&text, "; %s: %s", mode_title(got->group->mode),
                           got->group->mode == GPU_MIG && rule && rule->strength == MODE_HABIT ? "the cheapest slice that isolates"
                           : rule                                                              ? rule->why
                                                                                               : "the only mode allowed");
        } else if (got->option) {
                bool shares = choice->answer.modes & (MODE_BIT(GPU_MPS) | MODE_BIT(GPU_TIME_SLICING));
                add_need(&text, w, &choice->need, got->option->gpu);
                if (!shares && !gpu_has_mig(got->gpu))
                        buf_printf(&text, "; %s, and %s has no MIG, so whole", rule ? rule->why : "shares are not allowed",
                                   TITLE(got->gpu));
                else
                        buf_printf(&text, ": more than the largest slice of %s, so whole", TITLE(got->gpu));
        } else if (rule == &mode_too_large) {
                add_need(&text, w, &choice->need, got->gpu);
                buf_printf(&text, ": %s", rule->why);
        } else if (rule && strcmp(rule->key, "several-gpus") == 0)
                buf_printf(&text, "%u GPUs in one pod: MIG slices and shares have no P2P or NVLink to others", w->request.count);
        else
                buf_printf(&text, "%s", rule ? rule->why : "whole GPUs are the only mode allowed");
        return finish(c, &text);
}

static void add_whole_risk(struct buf *text, const struct workload *w, const struct choice *choice, const struct why_got *got) {
        buf_adds(text, "none from neighbours: the GPU is its own");
        if (choice->answer.rule && strcmp(choice->answer.rule->key, "not-measured") == 0)
                buf_adds(text, "; measure its memory and SM activity to see whether a slice would do");
        else if (choice->need.measured_mib > 0 && choice->need.measured_mib < got->usable_mib / 2)
                buf_printf(text, "; it pays for %.1f GiB and uses %.1f GiB", gib(got->usable_mib), gib(choice->need.measured_mib));
        if (!w->usage.gpu && !w->gpus_allowed && !choice->need.exact)
                buf_adds(text, "; it names no GPU model, so the cheapest may be a slow one");
}

static void add_share_risk(struct buf *text, const struct choice *choice, const struct why_got *got) {
        const char *plural = got->neighbours == 1 ? "" : "s";

        if (got->neighbours == 0)
                buf_adds(text, "alone on its GPU in this plan; with neighbours: ");
        else
                buf_printf(text, "up to %u neighbour%s: ", got->neighbours, plural);
        if (got->group->mode == GPU_MPS)
                buf_adds(text, "one fault domain (MPS), a fatal GPU error of one ends all");
        else
                buf_printf(text, "no memory limit, one that takes more than its %s makes others fail; turns of about 1 ms",
                           got->group->profile);
        if (choice->need.exact)
                buf_adds(text, "; the trace says nothing of GPU memory");
}

static void add_compute_risk(struct buf *text, const struct workload *w, const struct need *n) {
        if (n->exact)
                return;
        if (n->tflops < 0 && n->fraction < 0 && n->milli == 0)
                buf_adds(text, "; compute was not measured");
        else if (n->fraction >= 0)
                buf_printf(text, "; on which GPU its SM activity was measured is not known, so it is taken as the same part of any");
        if (w->usage.present && n->memory_source && strcmp(n->memory_source, "p95") == 0)
                buf_adds(text, "; memory above p95 is covered by the headroom alone");
}

const char *why_risk(const struct choices *c, const struct workload *w, const struct choice *choice, const struct why_got *got) {
        struct buf text = BUF(TEXT_MAX);
        bool share = got->group->mode == GPU_MPS || got->group->mode == GPU_TIME_SLICING;

        if (got->group->mode == GPU_WHOLE)
                add_whole_risk(&text, w, choice, got);
        else if (share)
                add_share_risk(&text, choice, got);
        else
                buf_adds(&text, "none from neighbours' memory, SMs or faults; power and clocks are shared");
        if (got->group->mode != GPU_WHOLE)
                add_compute_risk(&text, w, &choice->need);
        if (share && w->isolation == ISOLATION_HARDWARE)
                buf_adds(&text, "; it asks hardware isolation, which the mode a person set does not give");
        return finish(c, &text);
}
