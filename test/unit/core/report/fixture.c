#include "fixture.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define SLICES_MAX 64

/* --- building blocks -------------------------------------------------------------------------------------------------------------- */

static void begin(struct fixture *f, unsigned workloads, unsigned groups) {
        *f = (struct fixture){ 0 };
        f->demand.workloads = mem_zalloc(workloads, sizeof *f->demand.workloads);
        f->plan.workloads = arena_zalloc(&f->plan.arena, workloads * sizeof *f->plan.workloads);
        f->plan.nodes = arena_zalloc(&f->plan.arena, (groups + 1) * sizeof *f->plan.nodes);
        f->plan.demand = &f->demand;
        f->plan.region = "us-east-1";
        f->plan.today_is = "";
        f->plan.price_source = "EC2 on-demand list, us-east-1";
        f->plan.price_date = "2026-07-20";
}

struct row {
        const char *namespace, *name, *kind;
        unsigned replicas;
        unsigned asks_gpus;
        enum gpu_mode mode;
        const char *profile, *gpu;
        uint16_t milli;
        unsigned need_mib;
        const char *reason, *risk;
        double today, planned;
};

static struct plan_workload *add(struct fixture *f, const struct row *r) {
        struct workload *d = &f->demand.workloads[f->demand.count++];
        struct plan_workload *w = &f->plan.workloads[f->plan.workload_count++];

        *d = (struct workload){
                .name = r->name,
                .namespace = r->namespace,
                .kind = r->kind,
                .file = "fleet.yaml",
                .line = (uint32_t)(12 * f->demand.count),
                .replicas = r->replicas,
                .replicas_min = r->replicas,
                .cpu_milli = 3000,
                .memory_mib = 12288,
                .request = { .kind = REQUEST_GPUS, .count = r->asks_gpus, .resource = "nvidia.com/gpu" },
                .usage = { .sm_p50 = -1, .sm_p95 = -1, .sm_max = -1 },
                .note = "",
                .headroom_percent = -1,
        };
        *w = (struct plan_workload){
                .demand = d,
                .cpu_milli = 3000,
                .memory_mib = 12288,
                .gpus = r->asks_gpus,
                .gpu_milli = r->milli,
                .mode = r->mode,
                .profile = r->profile,
                .slices = r->mode == GPU_WHOLE ? 0 : 1,
                .gpu = r->gpu ? gpu_model_find(r->gpu) : NULL,
                .need_memory_mib = r->need_mib,
                .need_compute = -1,
                .reason = r->reason,
                .risk = r->risk,
                .today_usd_per_hour = r->today,
                .plan_usd_per_hour = r->planned,
                .unplaced_reason = "",
        };
        if (w->gpu)
                w->gpus_usable = UINT64_C(1) << gpu_model_index(w->gpu);
        return w;
}

static void measure(struct fixture *f, size_t index, unsigned p50_mib, unsigned p99_mib, float sm_p95) {
        f->demand.workloads[index].usage = (struct usage){
                .present = true,
                .memory_p50_mib = p50_mib,
                .memory_p99_mib = p99_mib,
                .sm_p50 = sm_p95 / 2,
                .sm_p95 = sm_p95,
                .sm_max = -1,
                .gpu = gpu_model_find("l4"),
                .samples = 20160,
                .source = "usage.csv:4",
        };
        f->plan.workloads[index].need_compute = sm_p95 * 1.2F;
}

static struct plan_node *node(struct fixture *f, const char *type, unsigned count, double usd_per_hour) {
        struct plan_node *n = &f->plan.nodes[f->plan.node_count++];

        *n = (struct plan_node){
                .type = instance_type_find(type),
                .count = count,
                .pool = f->plan.pools++,
                .usd_per_hour = usd_per_hour,
        };
        n->gpu_count = n->type->gpu_count;
        n->gpus = arena_zalloc(&f->plan.arena, n->gpu_count * sizeof *n->gpus);
        n->pods = arena_zalloc(&f->plan.arena, (SLICES_MAX * n->gpu_count + 1) * sizeof *n->pods);
        for (uint32_t g = 0; g < n->gpu_count; g++)
                n->gpus[g].layout = "";
        f->plan.plan_usd_per_hour += count * usd_per_hour;
        return n;
}

static void count_pod(struct fixture *f, struct plan_node *n, uint32_t workload) {
        const struct plan_workload *w = &f->plan.workloads[workload];
        uint32_t i = 0;

        while (i < n->pod_count && n->pods[i].workload != workload)
                i++;
        if (i == n->pod_count)
                n->pods[n->pod_count++].workload = workload;
        n->pods[i].count++;
        n->cpu_milli += w->cpu_milli;
        n->memory_mib += w->memory_mib;
}

/* One slice of what its workload gets; `start` and `size` for MIG. A workload of several GPUs is one pod on GPU 0 and on. */
static void slice(struct fixture *f, struct plan_node *n, unsigned gpu, uint32_t workload, unsigned start, unsigned size) {
        const struct plan_workload *w = &f->plan.workloads[workload];
        struct plan_gpu *g = &n->gpus[gpu];

        if (!g->slices)
                g->slices = arena_zalloc(&f->plan.arena, SLICES_MAX * sizeof *g->slices);
        g->slices[g->slice_count++] = (struct plan_slice){
                .mode = w->mode,
                .profile = w->profile,
                .milli = w->gpu_milli,
                .start = (uint8_t)start,
                .size = (uint8_t)size,
                .workload = workload,
        };
        g->mode = w->mode;
        if (w->mode == GPU_MIG)
                g->layout = arena_printf(&f->plan.arena, "%s%s%s@%u", g->layout, *g->layout ? "," : "", w->profile, start);
        else
                g->layout = arena_printf(&f->plan.arena, "%s%s%s", g->layout, *g->layout ? "+" : "", w->profile);
        if (gpu == 0 || w->gpus <= 1)
                count_pod(f, n, workload);
}

static void close_sums(struct fixture *f, double today, double bound) {
        struct plan *p = &f->plan;

        p->today_usd_per_hour = today;
        p->bound_usd_per_hour = bound;
        p->saving_percent = today > 0 ? 100 * (today - p->plan_usd_per_hour) / today : 0;
        p->gap_percent = bound > 0 ? 100 * (p->plan_usd_per_hour - bound) / bound : 0;
}

/* The search as column generation goes: the price falls in steps, the bound climbs to it. */
static void progress(struct fixture *f, unsigned count, double seconds) {
        struct plan *p = &f->plan;

        p->points = arena_zalloc(&p->arena, count * sizeof *p->points);
        p->point_count = count;
        for (unsigned i = 0; i < count; i++) {
                double left = i + 1 == count ? 0 : exp(-5.0 * i / count);
                p->points[i] = (struct pack_point){
                        .seconds = seconds * (i + 1) / count,
                        .cost = p->plan_usd_per_hour * (1 + 0.2 * left),
                        .bound = p->bound_usd_per_hour * (1 - 0.7 * left),
                };
        }
        p->seconds = seconds;
        p->iterations = count * 3;
        p->columns = count * 71;
        p->exact_engine = true;
        p->proved = true;
}

/* --- a client's cluster ----------------------------------------------------------------------------------------------------------- */

enum { CHAT, EMBED, NOTEBOOK, RERANK, VISION, SPEECH, PRETRAIN, FINETUNE, GIANT };

static const struct row cluster[] = {
        [CHAT] = { "serving", "chat-api", "Deployment", 40, 1, GPU_MPS, "8gb", "l4", 350, 7250,
                   "Measured use (p99 5.9 GiB) plus 20 % is 7.1 GiB; no isolation is asked for, so a memory-limited share is enough.",
                   "A client that crashes inside the GPU can end the others on it.", 52.93, 21.17 },
        [EMBED] = { "serving", "embed", "Deployment", 24, 1, GPU_MPS, "4gb", "l4", 175, 3400,
                    "Measured use (p99 2.8 GiB) plus 20 % is 3.3 GiB; throughput work that fits beside chat-api.",
                    "A client that crashes inside the GPU can end the others on it.", 31.76, 6.27 },
        [NOTEBOOK] = { "research", "notebook", "StatefulSet", 12, 1, GPU_TIME_SLICING, "5gb", "l4", 250, 0,
                       "Interactive and idle most of the time (p95 of SM activity 11 %): turns on a GPU cost it little.",
                       "Memory is not limited: one notebook can take what the others need.", 9.66, 4.60 },
        [RERANK] = { "serving", "rerank", "Deployment", 12, 1, GPU_MIG, "1g.10gb", "A100-80GB", 125, 9010,
                     "Declares hardware isolation; 8.8 GiB fit the smallest MIG slice.", "", 41.17, 5.15 },
        [VISION] = { "serving", "vision-large", "Deployment", 4, 1, GPU_MIG, "3g.40gb", "A100-80GB", 500, 36500,
                     "Declares hardware isolation; 35.6 GiB need a slice of 40 GiB.", "", 13.72, 6.86 },
        [SPEECH] = { "serving", "speech", "Deployment", 5, 1, GPU_MIG, "2g.20gb", "A100-80GB", 250, 17100,
                     "Declares hardware isolation; 16.7 GiB need a slice of 20 GiB.", "", 17.15, 4.29 },
        [PRETRAIN] = { "training", "llm-pretrain", "Job", 1, 8, GPU_WHOLE, "whole", "A100-80GB", 1000, 0,
                       "Eight GPUs that talk by NCCL: MIG slices have no peer-to-peer, so they stay whole on one node.", "", 27.45, 27.45 },
        [FINETUNE] = { "training", "finetune", "Job", 3, 1, GPU_WHOLE, "whole", "A100-80GB", 1000, 0,
                       "Uses 71 GiB of memory and 94 % of the SMs: nothing to give away.", "", 10.29, 10.29 },
        [GIANT] = { "lab", "giant", "Job", 2, 16, GPU_WHOLE, "whole", NULL, 1000, 0, "Asks for 16 GPUs on one node.", "", 0, 0 },
};

static void cut_p4de(struct fixture *f) {
        static const struct {
                unsigned gpu, workload, start, size;
        } cuts[] = {
                { 0, SPEECH, 0, 2 }, { 0, RERANK, 2, 1 }, { 0, RERANK, 3, 1 },   { 0, VISION, 4, 4 }, /* 7 of 7 compute slices */
                { 1, SPEECH, 0, 2 }, { 1, RERANK, 2, 1 }, { 1, RERANK, 3, 1 },   { 1, VISION, 4, 4 },   { 2, VISION, 0, 4 },
                { 2, VISION, 4, 4 }, { 3, RERANK, 0, 1 }, { 3, RERANK, 1, 1 },   { 3, RERANK, 2, 1 },   { 3, RERANK, 3, 1 },
                { 3, RERANK, 4, 1 }, { 3, RERANK, 5, 1 }, { 3, RERANK, 6, 1 },   { 4, SPEECH, 0, 2 },   { 4, SPEECH, 2, 2 },
                { 4, SPEECH, 4, 2 }, { 4, RERANK, 6, 1 }, { 5, FINETUNE, 0, 8 }, { 6, FINETUNE, 0, 8 }, { 7, FINETUNE, 0, 8 },
        };
        struct plan_node *n = node(f, "p4de.24xlarge", 1, 27.44705);

        for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
                slice(f, n, cuts[i].gpu, cuts[i].workload, cuts[i].start, cuts[i].size);
}

static void buy_nodes(struct fixture *f) {
        struct plan_node *n = node(f, "p4de.24xlarge", 1, 27.44705);
        for (unsigned g = 0; g < 8; g++)
                slice(f, n, g, PRETRAIN, 0, 8);
        cut_p4de(f);
        n = node(f, "g6.4xlarge", 20, 1.3232);
        slice(f, n, 0, CHAT, 0, 0), slice(f, n, 0, CHAT, 0, 0), slice(f, n, 0, EMBED, 0, 0);
        n = node(f, "g6.12xlarge", 1, 4.6016);
        for (unsigned g = 0; g < 3; g++)
                for (unsigned i = 0; i < 4; i++)
                        slice(f, n, g, NOTEBOOK, 0, 0);
        n = node(f, "g6.4xlarge", 1, 1.3232);
        for (unsigned i = 0; i < 4; i++)
                slice(f, n, 0, EMBED, 0, 0);
}

static const struct plan_baseline cluster_baselines[] = {
        { "karpenter", "Whole GPUs, as Karpenter buys them", "Pods in batches, largest first, each batch on the cheapest types.", 204.13,
          86, 2 },
        { "first-fit", "Sharing, first fit", "The same shares, each pod on the first node with room.", 131.2, 38, 2 },
        { "best-fit", "Sharing, best fit", "The same shares, each pod where least is left over.", 112.77, 31, 2 },
};

static void add_options(struct fixture *f) {
        static const struct {
                const char *gpu;
                enum gpu_mode mode;
                const char *profile;
                double usd;
                const char *rejected;
        } rows[] = {
                { "l4", GPU_MPS, "8gb", 0.43, "" },
                { "A100-80GB", GPU_MPS, "8gb", 0.46, "" },
                { "A100-80GB", GPU_MIG, "1g.10gb", 0.49, "" },
                { "l4", GPU_TIME_SLICING, "8gb", 0.43, "Latency class interactive: turns of 2 ms and more are too long." },
                { "t4", GPU_MPS, "8gb", 0.26, "72 % of the SMs of an L4 are more than a T4 has." },
        };
        struct plan_workload *w = &f->plan.workloads[CHAT];

        w->option_count = ARRAY_SIZE(rows);
        w->options = arena_zalloc(&f->plan.arena, sizeof *w->options * ARRAY_SIZE(rows));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                w->options[i] =
                        (struct plan_option){ gpu_model_find(rows[i].gpu), rows[i].mode, rows[i].profile, rows[i].usd, rows[i].rejected };
}

void fixture_cluster(struct fixture *f) {
        static const struct plan_limit limit = { "--share-sizes 4gb,5gb,8gb: exact sizes would cost $86.72/h; the menu costs $87.28/h",
                                                 0.65 };
        static const char *notes[] = {
                "serving/chat-api: its autoscaler may run 8 to 40 pods; the plan holds 40.",
                "Skipped: 14 Service, 9 ConfigMap, 3 Ingress. 31 CPU-only pods are left out.",
        };
        struct plan *p = &f->plan;

        begin(f, ARRAY_SIZE(cluster), 8);
        for (size_t i = 0; i < ARRAY_SIZE(cluster); i++)
                add(f, &cluster[i]);
        measure(f, CHAT, 4100, 6042, 0.6F);
        measure(f, EMBED, 2300, 2867, 0.2F);
        measure(f, NOTEBOOK, 800, 4300, 0.11F);
        f->demand.workloads[CHAT].latency = LATENCY_INTERACTIVE;
        f->demand.workloads[CHAT].replicas_min = 8;
        f->demand.workloads[RERANK].isolation = ISOLATION_HARDWARE;
        f->demand.workloads[PRETRAIN].nccl = true;
        p->workloads[GIANT].unplaced = 2;
        p->workloads[GIANT].unplaced_reason = "asks for 16 GPUs on one node; the largest allowed instance has 8";
        add_options(f);
        buy_nodes(f);
        p->today_is = "each pod on whole GPUs as its manifest asks, bought as Karpenter buys";
        p->baseline_count = ARRAY_SIZE(cluster_baselines);
        p->baselines = (struct plan_baseline *)cluster_baselines;
        p->limit_count = 1;
        p->limits = (struct plan_limit *)&limit;
        p->note_count = ARRAY_SIZE(notes);
        p->notes = notes;
        close_sums(f, 204.13, 87.01);
        progress(f, 12, 0.4);
}

/* --- texts that try to break out -------------------------------------------------------------------------------------------------- */

#define EVIL "</script><img src=x onerror=\"document.title='owned'\"><b>'\"&amp;--><!--]]>\x1b[31m\u202e\n\tx: [y, {z\\"

void fixture_hostile(struct fixture *f) {
        static const char *notes[] = { EVIL, "<style>*{display:none}</style>" };
        static const struct plan_limit limit = { EVIL, 1 };
        static const struct plan_baseline baseline = { EVIL, EVIL, EVIL, 300, 1, 0 };

        fixture_cluster(f);
        for (size_t i = 0; i < f->demand.count; i++) {
                struct workload *d = &f->demand.workloads[i];
                struct plan_workload *w = &f->plan.workloads[i];
                d->name = arena_printf(&f->plan.arena, "%s%zu", EVIL, i / 2); /* two of each: names must still differ */
                d->namespace = EVIL;
                d->kind = EVIL;
                d->file = d->note = EVIL;
                d->usage.source = d->request.resource = EVIL;
                w->profile = w->reason = w->risk = w->unplaced_reason = EVIL;
        }
        for (size_t i = 0; i < f->plan.node_count; i++)
                for (uint32_t g = 0; g < f->plan.nodes[i].gpu_count; g++) {
                        struct plan_gpu *gpu = &f->plan.nodes[i].gpus[g];
                        gpu->layout = EVIL;
                        for (uint32_t s = 0; s < gpu->slice_count; s++)
                                gpu->slices[s].profile = EVIL;
                }
        f->plan.notes = notes;
        f->plan.limits = (struct plan_limit *)&limit;
        f->plan.baselines = (struct plan_baseline *)&baseline;
        f->plan.baseline_count = 1;
        f->plan.today_is = f->plan.region = f->plan.price_source = f->plan.price_date = EVIL;
}

/* --- a trace ---------------------------------------------------------------------------------------------------------------------- */

static unsigned next(uint32_t *state, unsigned below) {
        *state = *state * 1664525U + 1013904223U; /* Numerical Recipes' generator */
        return (*state >> 8) % below;
}

static void add_shape(struct fixture *f, unsigned i, uint32_t *state) {
        static const uint16_t sizes[] = { 60, 120, 140, 200, 250, 290, 320, 470, 500, 650, 810, 1000 };
        uint16_t milli = sizes[next(state, ARRAY_SIZE(sizes))];
        struct row r = {
                .namespace = "",
                .kind = "Trace",
                .asks_gpus = 1,
                .mode = milli == 1000 ? GPU_WHOLE : GPU_MPS,
                .milli = milli,
                .gpu = "l4",
                .reason = "A share of exactly what the trace asks for.",
                .risk = milli == 1000 ? "" : "A client that crashes inside the GPU can end the others on it.",
        };
        unsigned cpu = 1000 * (1 + next(state, 3)), memory = 2048 * (1 + next(state, 4));

        r.profile = milli == 1000 ? "whole" : arena_printf(&f->plan.arena, "%um", milli);
        r.name = arena_printf(&f->plan.arena, "1x%um-%uc-%uMi-%u", milli, cpu / 1000, memory, i);
        struct plan_workload *w = add(f, &r);
        w->cpu_milli = f->demand.workloads[i].cpu_milli = cpu;
        w->memory_mib = f->demand.workloads[i].memory_mib = memory;
        f->demand.workloads[i].request.milli = milli;
        f->demand.workloads[i].replicas = 0;
}

static void add_group(struct fixture *f, unsigned i, uint32_t *state) {
        static const struct {
                const char *type;
                double usd;
        } types[] = { { "g6.4xlarge", 1.3232 }, { "g6.8xlarge", 2.0144 }, { "gr6.4xlarge", 1.53920 }, { "g6.12xlarge", 4.6016 } };
        unsigned kind = next(state, ARRAY_SIZE(types)), count = 1 + next(state, 40) / (1 + i / 20);
        struct plan_node *n = node(f, types[kind].type, count, types[kind].usd);

        for (unsigned g = 0; g < n->gpu_count; g++) {
                unsigned used = 0;
                for (unsigned tries = 0; tries < 12; tries++) {
                        uint32_t k = next(state, (unsigned)f->plan.workload_count);
                        struct plan_workload *w = &f->plan.workloads[k];
                        if (used + w->gpu_milli > 1000)
                                continue;
                        used += w->gpu_milli;
                        slice(f, n, g, k, 0, 0);
                        f->demand.workloads[k].replicas += count;
                        w->plan_usd_per_hour += count * types[kind].usd / n->gpu_count * w->gpu_milli / 1000;
                        w->today_usd_per_hour += count * types[kind].usd;
                }
        }
}

static int dearer(const void *a, const void *b) {
        const struct plan_node *x = a, *y = b;
        double difference = y->count * y->usd_per_hour - x->count * x->usd_per_hour;

        return (difference > 0) - (difference < 0);
}

void fixture_trace(struct fixture *f, unsigned workloads, unsigned groups) {
        static const struct plan_baseline rows[] = {
                { "karpenter", "Whole GPUs, as Karpenter buys them", "Batches, largest first.", 0, 927, 0 },
                { "first-fit", "Sharing, first fit", "Each pod on the first node with room.", 0, 794, 0 },
                { "best-fit", "Sharing, best fit", "Each pod where least is left over.", 0, 6394, 0 },
        };
        static const double times[] = { 1.726, 1.478, 1.198 };
        static const char *notes[] = { "1,088 CPU-only pods are left out." };
        struct plan *p = &f->plan;
        uint32_t state = 1;

        begin(f, workloads, groups);
        f->demand.is_trace = true;
        for (unsigned i = 0; i < workloads; i++)
                add_shape(f, i, &state);
        for (unsigned i = 0; i < groups; i++)
                add_group(f, i, &state);
        qsort(p->nodes, p->node_count, sizeof *p->nodes, dearer);
        for (unsigned i = 0; i < workloads; i++)
                f->demand.workloads[i].replicas_min = f->demand.workloads[i].replicas;
        p->baseline_count = ARRAY_SIZE(rows);
        p->baselines = arena_zalloc(&p->arena, sizeof rows);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                p->baselines[i] = rows[i];
                p->baselines[i].usd_per_hour = times[i] * p->plan_usd_per_hour;
        }
        p->note_count = 1;
        p->notes = notes;
        p->today_is = "each pod on a whole GPU, bought as Karpenter buys";
        close_sums(f, times[0] * p->plan_usd_per_hour, p->plan_usd_per_hour / 1.0008);
        progress(f, 32, 2.1);
}

void fixture_nothing(struct fixture *f) {
        begin(f, 1, 0);
        add(f, &cluster[GIANT]);
        f->plan.workloads[0].unplaced = 2;
        f->plan.workloads[0].unplaced_reason = "asks for 16 GPUs on one node; the largest allowed instance has 8";
}

void fixture_done(struct fixture *f) {
        free(f->demand.workloads);
        arena_done(&f->demand.arena);
        arena_done(&f->plan.arena);
}
