/* The plan as data: JSON and YAML out of the same calls. Field names are the interface (docs/reference); nothing is left out. */
#include <string.h>

#include "core/doc/print.h"
#include "core/report/report.h"
#include "core/report/view.h"

#define USD_DECIMALS 6
#define PERCENT_DECIMALS 4
#define SECONDS_DECIMALS 3

static void put_real(struct printer *p, const char *key, double value, unsigned decimals) {
        print_key(p, key);
        print_real(p, value, decimals);
}

static void put_usd(struct printer *p, const char *key, double usd) {
        put_real(p, key, usd, USD_DECIMALS);
}

/* A number that is only known sometimes: left out when it is not. */
static void put_known_int(struct printer *p, const char *key, uint64_t value) {
        if (value)
                print_key_int(p, key, value);
}

static void put_known_fraction(struct printer *p, const char *key, double value) {
        if (value >= 0)
                put_real(p, key, value, 4);
}

static void put_known_string(struct printer *p, const char *key, const char *text) {
        if (text && *text)
                print_key_string(p, key, text);
}

/* --- workloads -------------------------------------------------------------------------------------------------------------------- */

static void put_shape(struct printer *p, const struct plan_workload *w) {
        print_key(p, "shape");
        print_map(p, PRINT_LINE);
        print_key_int(p, "cpuMilli", w->cpu_milli);
        print_key_int(p, "memoryMib", w->memory_mib);
        print_key_int(p, "gpus", w->gpus);
        print_key_int(p, "gpuMilli", w->gpu_milli);
        print_key(p, "gpuTypes");
        print_seq(p, PRINT_LINE);
        for (size_t i = 0; i < gpu_model_count() && i < 64; i++)
                if (w->gpus_usable >> i & 1)
                        print_string(p, gpu_model_at(i)->key);
        print_end(p);
        print_end(p);
}

static void put_today(struct printer *p, const struct plan_workload *w) {
        const struct gpu_request *r = &w->demand->request;

        print_key(p, "today");
        print_map(p, PRINT_LINE);
        put_known_string(p, "resource", r->resource);
        print_key_int(p, "count", r->count);
        put_known_string(p, "profile", r->profile);
        put_known_int(p, "gpuMemoryMib", r->memory_mib);
        put_known_int(p, "gpuMilli", r->milli);
        print_key_int(p, "cpuMilli", w->demand->cpu_milli);
        print_key_int(p, "memoryMib", w->demand->memory_mib);
        put_usd(p, "usdPerHour", w->today_usd_per_hour);
        print_end(p);
}

static void put_measured(struct printer *p, const struct usage *u) {
        print_key(p, "measured");
        if (!u->present) {
                print_null(p);
                return;
        }
        print_map(p, PRINT_LINE);
        put_known_int(p, "memoryP50Mib", u->memory_p50_mib);
        put_known_int(p, "memoryP95Mib", u->memory_p95_mib);
        put_known_int(p, "memoryP99Mib", u->memory_p99_mib);
        put_known_int(p, "memoryMaxMib", u->memory_max_mib);
        put_known_fraction(p, "smP50", (double)u->sm_p50);
        put_known_fraction(p, "smP95", (double)u->sm_p95);
        put_known_fraction(p, "smMax", (double)u->sm_max);
        put_known_string(p, "gpu", u->gpu ? u->gpu->key : "");
        put_known_int(p, "samples", u->samples);
        put_known_string(p, "source", u->source);
        print_end(p);
}

static void put_slice(struct printer *p, const struct plan_workload *w) {
        print_key(p, "slice");
        print_map(p, PRINT_LINE);
        print_key_string(p, "mode", gpu_mode_name(w->mode));
        print_key_string(p, "profile", w->profile);
        print_key_int(p, "count", w->slices);
        print_key(p, "gpu");
        if (w->gpu)
                print_string(p, w->gpu->key);
        else
                print_null(p);
        put_known_int(p, "needMemoryMib", w->need_memory_mib);
        put_known_fraction(p, "needCompute", (double)w->need_compute);
        print_end(p);
}

static void put_options(struct printer *p, const struct plan_workload *w) {
        if (!w->option_count)
                return;
        print_key(p, "options");
        print_seq(p, PRINT_BLOCK);
        for (uint32_t i = 0; i < w->option_count; i++) {
                const struct plan_option *o = &w->options[i];
                print_map(p, PRINT_LINE);
                print_key_string(p, "gpu", o->gpu->key);
                print_key_string(p, "mode", gpu_mode_name(o->mode));
                print_key_string(p, "profile", o->profile);
                if (o->usd_per_hour >= 0)
                        put_usd(p, "usdPerHour", o->usd_per_hour);
                put_known_string(p, "rejected", o->rejected);
                print_end(p);
        }
        print_end(p);
}

static void put_workload(struct printer *p, const struct plan_workload *w, const char *name) {
        const struct workload *d = w->demand;

        print_map(p, PRINT_BLOCK);
        print_key_string(p, "name", name);
        print_key_string(p, "namespace", d->namespace);
        print_key_string(p, "kind", d->kind);
        print_key_string(p, "object", d->name);
        put_known_string(p, "file", d->file);
        put_known_int(p, "line", d->line);
        print_key_int(p, "replicas", d->replicas);
        print_key_int(p, "replicasMin", d->replicas_min);
        put_shape(p, w);
        put_today(p, w);
        put_measured(p, &d->usage);
        put_slice(p, w);
        put_usd(p, "usdPerHour", w->plan_usd_per_hour);
        print_key_string(p, "reason", w->reason);
        print_key_string(p, "risk", w->risk);
        put_known_string(p, "note", d->note);
        put_options(p, w);
        print_end(p);
}

/* --- nodes ------------------------------------------------------------------------------------------------------------------------ */

static void put_plan_slice(struct printer *p, const struct view *v, const struct plan_slice *s) {
        print_map(p, PRINT_LINE);
        print_key_string(p, "mode", gpu_mode_name(s->mode));
        print_key_string(p, "profile", s->profile);
        print_key_int(p, "milli", s->milli);
        if (s->mode == GPU_MIG) {
                print_key_int(p, "start", s->start);
                print_key_int(p, "size", s->size);
        }
        print_key_string(p, "workload", v->names[s->workload]);
        print_end(p);
}

static void put_gpus(struct printer *p, const struct view *v, const struct plan_node *n) {
        print_key(p, "gpus");
        print_seq(p, PRINT_BLOCK);
        for (uint32_t g = 0; g < n->gpu_count; g++) {
                const struct plan_gpu *gpu = &n->gpus[g];
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "mode", gpu_mode_name(gpu->mode));
                print_key_string(p, "layout", gpu->layout);
                print_key(p, "slices");
                print_seq(p, PRINT_BLOCK);
                for (uint32_t s = 0; s < gpu->slice_count; s++)
                        put_plan_slice(p, v, &gpu->slices[s]);
                print_end(p);
                print_end(p);
        }
        print_end(p);
}

static void put_node(struct printer *p, const struct view *v, const struct plan_node *n) {
        print_map(p, PRINT_BLOCK);
        print_key_string(p, "instanceType", n->type->name);
        print_key_string(p, "capacityType", capacity_type_name(n->capacity));
        print_key_int(p, "count", n->count);
        print_key_int(p, "pool", n->pool);
        put_usd(p, "usdPerHour", n->usd_per_hour);
        print_key_int(p, "cpuMilli", n->cpu_milli);
        print_key_int(p, "memoryMib", n->memory_mib);
        put_gpus(p, v, n);
        print_key(p, "pods");
        print_seq(p, PRINT_BLOCK);
        for (uint32_t i = 0; i < n->pod_count; i++) {
                print_map(p, PRINT_LINE);
                print_key_string(p, "workload", v->names[n->pods[i].workload]);
                print_key_int(p, "count", n->pods[i].count);
                print_end(p);
        }
        print_end(p);
        print_end(p);
}

/* --- sections --------------------------------------------------------------------------------------------------------------------- */

static void put_cost(struct printer *p, const struct view *v) {
        const struct plan *plan = v->plan;

        print_map(p, PRINT_BLOCK);
        put_usd(p, "todayUsdPerHour", plan->today_usd_per_hour);
        put_usd(p, "planUsdPerHour", plan->plan_usd_per_hour);
        put_usd(p, "boundUsdPerHour", plan->bound_usd_per_hour);
        put_real(p, "gapPercent", plan->gap_percent, PERCENT_DECIMALS);
        put_real(p, "savingPercent", plan->saving_percent, PERCENT_DECIMALS);
        print_key_string(p, "todayIs", plan->today_is);
        print_key_string(p, "region", plan->region);
        print_key_string(p, "capacityType", capacity_type_name(plan->capacity));
        put_known_string(p, "priceSource", plan->price_source);
        put_known_string(p, "priceDate", plan->price_date);
        print_end(p);
}

static void put_baselines(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->baseline_count; i++) {
                const struct plan_baseline *b = &v->plan->baselines[i];
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "name", b->key);
                print_key_string(p, "title", b->title);
                print_key_string(p, "how", b->how);
                put_usd(p, "usdPerHour", b->usd_per_hour);
                print_key_int(p, "nodes", b->nodes);
                print_key_int(p, "unplaced", b->unplaced);
                print_end(p);
        }
        print_end(p);
}

static void put_workloads(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->workload_count; i++)
                put_workload(p, &v->plan->workloads[i], v->names[i]);
        print_end(p);
}

static void put_nodes(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->node_count; i++)
                put_node(p, v, &v->plan->nodes[i]);
        print_end(p);
}

static void put_unplaced(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->workload_count; i++) {
                const struct plan_workload *w = &v->plan->workloads[i];
                if (!w->unplaced)
                        continue;
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "workload", v->names[i]);
                print_key_int(p, "count", w->unplaced);
                print_key_string(p, "reason", w->unplaced_reason);
                print_end(p);
        }
        print_end(p);
}

static void put_limits(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->limit_count; i++) {
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "text", v->plan->limits[i].text);
                put_real(p, "premiumPercent", v->plan->limits[i].premium_percent, PERCENT_DECIMALS);
                print_end(p);
        }
        print_end(p);
}

static void put_notes(struct printer *p, const struct view *v) {
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < v->plan->note_count; i++)
                print_string(p, v->plan->notes[i]);
        print_end(p);
}

static void put_solver(struct printer *p, const struct view *v) {
        const struct plan *plan = v->plan;

        print_map(p, PRINT_BLOCK);
        print_key_string(p, "engine", plan->exact_engine ? "exact" : "greedy");
        put_real(p, "seconds", plan->seconds, SECONDS_DECIMALS);
        print_key_int(p, "iterations", plan->iterations);
        print_key_int(p, "columns", plan->columns);
        print_key_bool(p, "proved", plan->proved);
        print_key_bool(p, "stopped", plan->stopped);
        print_key(p, "progress");
        print_seq(p, PRINT_BLOCK);
        for (size_t i = 0; i < plan->point_count; i++) {
                print_map(p, PRINT_LINE);
                put_real(p, "seconds", plan->points[i].seconds, SECONDS_DECIMALS);
                put_usd(p, "planUsdPerHour", plan->points[i].cost);
                put_usd(p, "boundUsdPerHour", plan->points[i].bound);
                print_end(p);
        }
        print_end(p);
        print_end(p);
}

static void write_plan(enum print_format format, const struct plan *plan, struct buf *out) {
        static const struct {
                const char *key;
                void (*put)(struct printer *, const struct view *);
        } sections[] = {
                { "cost", put_cost },         { "baselines", put_baselines }, { "workloads", put_workloads }, { "nodes", put_nodes },
                { "unplaced", put_unplaced }, { "limits", put_limits },       { "notes", put_notes },         { "solver", put_solver },
        };
        struct view v;
        struct printer *p = printer_new(format, out);

        view_make(plan, &v);
        print_map(p, PRINT_BLOCK);
        print_key_string(p, "apiVersion", "carve.dev/v1alpha1");
        print_key_string(p, "kind", "Plan");
        print_key_int(p, "pools", plan->pools);
        for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
                print_key(p, sections[i].key);
                sections[i].put(p, &v);
        }
        print_end(p);
        printer_free(p);
        view_done(&v);
}

void report_json(const struct plan *p, struct buf *out) {
        write_plan(PRINT_JSON, p, out);
}

void report_yaml(const struct plan *p, struct buf *out) {
        write_plan(PRINT_YAML, p, out);
}
