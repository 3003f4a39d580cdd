#include "core/plan/note.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define NOTES_MAX 24
#define LIMITS_MAX 2
#define NOTE_BYTES_MAX 2048

static void add_note(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_note(struct plan *p, const char *fmt, ...) {
        char text[NOTE_BYTES_MAX];
        va_list args;

        if (!p->notes)
                p->notes = arena_alloc(&p->arena, NOTES_MAX * sizeof *p->notes);
        if (p->note_count == NOTES_MAX)
                return;
        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        p->notes[p->note_count++] = arena_strdup(&p->arena, text);
}

#define FORM(n, one, several) ((n) == 1 ? (one) : (several))

/* "$7,163.37/h" */
static void add_price(struct buf *text, double usd_per_hour) {
        char digits[64];
        int length = snprintf(digits, sizeof digits, "%.2f", usd_per_hour);

        buf_addc(text, '$');
        for (int i = 0; i < length; i++) {
                int left = length - 3 - i; /* digits before the point, from here */
                if (i > 0 && left > 0 && left % 3 == 0)
                        buf_addc(text, ',');
                buf_addc(text, digits[i]);
        }
        buf_adds(text, "/h");
}

static void add_limit(struct plan *p, struct buf *text, double premium_percent) {
        if (!p->limits)
                p->limits = arena_alloc(&p->arena, LIMITS_MAX * sizeof *p->limits);
        p->limits[p->limit_count++] =
                (struct plan_limit){ .text = arena_strdup(&p->arena, buf_text(text)), .premium_percent = premium_percent };
        buf_done(text);
}

static double premium(double without, double with) {
        return without > 0 ? 100 * (with / without - 1) : 0;
}

void note_pools_within(struct plan *p, uint32_t max_pools, uint32_t pools) {
        struct buf text = BUF(NOTE_BYTES_MAX);

        buf_printf(&text, "--max-pools %u: the plan needs only %u, so the limit costs nothing", max_pools, pools);
        add_limit(p, &text, 0);
}

void note_pools(struct plan *p, const struct note_pools *pools) {
        struct buf text = BUF(NOTE_BYTES_MAX);

        buf_printf(&text, "--max-pools %u: %u pools would cost ", pools->max, pools->without);
        add_price(&text, pools->usd_without);
        buf_printf(&text, "; %u cost ", pools->with);
        add_price(&text, pools->usd_with);
        if (pools->with > pools->max)
                buf_printf(&text, " (no plan with %u was found)", pools->max);
        add_limit(p, &text, premium(pools->usd_without, pools->usd_with));
}

void note_menu(struct plan *p, const struct plan_options *options, double without, double with) {
        struct buf text = BUF(NOTE_BYTES_MAX);

        buf_adds(&text, "--share-sizes ");
        for (size_t i = 0; i < options->share_size_count && i < 16; i++)
                buf_printf(&text, "%s%u", i ? "," : "", (options->share_sizes_mib[i] + 1023) / 1024);
        buf_adds(&text, " GiB: any whole GiB would cost ");
        add_price(&text, without);
        buf_adds(&text, "; this menu costs ");
        add_price(&text, with);
        add_limit(p, &text, premium(without, with));
}

static void note_today(struct plan *p) {
        bool measured_gpu = false, parts = false;

        for (size_t i = 0; i < p->demand->count; i++) {
                const struct workload *w = &p->demand->workloads[i];
                measured_gpu |= w->usage.gpu != NULL;
                parts |= w->request.kind != REQUEST_GPUS || (p->demand->is_trace && w->request.milli < 1000);
        }
        p->today_is =
                arena_printf(&p->arena, "what Karpenter would buy for these requests without slicing, at the same prices%s%s; not a bill",
                             parts ? "; a part of a GPU (share, MIG slice) counts as a whole one" : "",
                             measured_gpu ? "; a measured workload on the GPU model it was measured on" : "");
}

static void note_trace(struct plan *p, const struct note_facts *facts) {
        const struct demand *d = p->demand;
        uint64_t naming = 0, unsold = 0, odd = 0;
        bool honour = facts->options->honour_trace_gpus;

        for (size_t i = 0; i < d->count; i++) {
                const struct workload *w = &d->workloads[i];
                naming += w->trace_gpus ? w->replicas : 0;
                unsold += w->trace_gpus && !w->trace_gpus_allowed ? w->replicas : 0;
                odd += w->request.count > 1 && w->request.milli < 1000 ? w->replicas : 0;
        }
        if (naming > 0 && honour)
                add_note(p,
                         "%" PRIu64 " %s only those (T4 as t4, V100M16 as v100, V100M32 as v100-32gb, A10 as a10g); "
                         "%" PRIu64 " of them %s only models that EC2 does not sell",
                         naming, FORM(naming, "pod names GPU models and gets", "pods name GPU models and get"), unsold,
                         FORM(unsold, "names", "name"));
        else if (naming > 0)
                add_note(p, "%" PRIu64 " %s GPU models of the trace's own fleet; this is not taken as a restriction", naming,
                         FORM(naming, "pod names", "pods name"));
        if (odd > 0)
                add_note(p, "%" PRIu64 " %s several GPUs of less than 1000/1000 each and %s that many whole GPUs", odd,
                         FORM(odd, "pod asks", "pods ask"), FORM(odd, "gets", "get"));
        add_note(p, "a trace's share is taken as the same part of any GPU; it says nothing of GPU memory");
        if (facts->options->share_size_count > 0)
                add_note(p, "--share-sizes is not applied: a trace has no share sizes by memory");
}

#define KINDS_SHOWN 8

/* "7 objects are left out: 4 ConfigMap, 3 Service" */
static void note_skipped(struct plan *p) {
        _cleanup_(buf_done) struct buf text = BUF(NOTE_BYTES_MAX);
        const struct demand *d = p->demand;
        uint64_t objects = 0;

        for (size_t i = 0; i < d->skipped_count; i++) {
                objects += d->skipped[i].count;
                if (i < KINDS_SHOWN)
                        buf_printf(&text, "%s%" PRIu64 " %.100s", i ? ", " : "", (uint64_t)d->skipped[i].count, d->skipped[i].kind);
        }
        if (d->skipped_count > KINDS_SHOWN)
                buf_printf(&text, " and %zu more kinds", d->skipped_count - KINDS_SHOWN);
        if (objects > 0)
                add_note(p, "%" PRIu64 " %s left out, having no pods to plan: %s", objects, FORM(objects, "object is", "objects are"),
                         buf_text(&text));
}

static void note_left_out(struct plan *p, const struct note_facts *facts) {
        const struct demand *d = p->demand;
        uint64_t unplaced = 0;

        note_skipped(p);
        if (d->cpu_only_pods > 0)
                add_note(p, "%" PRIu64 " %s left out", d->cpu_only_pods,
                         FORM(d->cpu_only_pods, "pod asks for no GPU and is", "pods ask for no GPU and are"));
        for (size_t i = 0; i < p->workload_count; i++)
                unplaced += p->workloads[i].unplaced;
        if (unplaced > 0)
                add_note(p, "%" PRIu64 " %s not in its price", unplaced,
                         FORM(unplaced, "pod has no place in the plan and is", "pods have no place in the plan and are"));
        if (facts->today_unplaced != unplaced)
                add_note(p, "today's price leaves out %" PRIu64 " %s that no whole GPU allowed can hold", facts->today_unplaced,
                         FORM(facts->today_unplaced, "pod", "pods"));
        if (facts->market->without_price > 0)
                add_note(p, "%zu %s no price in %s and %s left out", facts->market->without_price,
                         FORM(facts->market->without_price, "instance type has", "instance types have"), p->region,
                         FORM(facts->market->without_price, "is", "are"));
        if (d->daemon_pods > 0)
                add_note(p, "%u DaemonSet %s %.1f cores and %.1f GiB of every node", d->daemon_pods,
                         FORM(d->daemon_pods, "pod takes", "pods take"), d->daemon_cpu_milli / 1000.0, d->daemon_memory_mib / 1024.0);
}

static void note_solving(struct plan *p, const struct note_facts *facts) {
        bool fraction = false;

        if (facts->scale->size > 0)
                add_note(p,
                         "too many pods differ to plan each size exactly: GPU needs are rounded up in steps of %.0f %%, CPU and memory of "
                         "%.0f %%; "
                         "the bound is of pods rounded down",
                         facts->scale->need * 100, facts->scale->size * 100);
        if (facts->crowded > 0)
                add_note(p, "%" PRIu64 " %s more of the same workload on a node than its spread allows", facts->crowded,
                         FORM(facts->crowded, "pod stands with", "pods stand with"));
        if (!p->exact_engine)
                add_note(p, "the solver libraries CLP and CBC were not found: the plan is the best of the greedy ones");
        for (size_t i = 0; i < p->node_count; i++)
                fraction |= instance_is_fractional(p->nodes[i].type);
        if (fraction)
                add_note(p, "Karpenter sees no GPU on g6f and gr6f instances: those nodes need a managed node group");
}

void note_all(struct plan *p, const struct note_facts *facts) {
        note_today(p);
        if (p->demand->is_trace)
                note_trace(p, facts);
        note_left_out(p, facts);
        note_solving(p, facts);
}
