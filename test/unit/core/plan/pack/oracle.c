#include "oracle.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"

struct gpu_state {
        enum gpu_mode mode;
        unsigned count, milli;
        const struct gpu_profile *profiles[LAYOUT_SLICES_MAX + 1];
};

struct attempt {
        const struct pack_problem *problem;
        const struct pack_type *type;
        unsigned pod_count, pods[ORACLE_PODS_MAX]; /* item of each */
        struct gpu_state gpus[PACK_GPUS_MAX];
};

/* Try every start of every slice in turn. */
static bool has_layout(const struct gpu_state *gpu, unsigned from, const struct layout *layout) {
        if (from == gpu->count)
                return true;
        for (unsigned s = 0; s < gpu->profiles[from]->start_count; s++) {
                struct layout more = *layout;
                struct err e;
                if (layout_add(&more, (struct slice){ gpu->profiles[from], gpu->profiles[from]->starts[s] }, &e) == 0 &&
                    has_layout(gpu, from + 1, &more))
                        return true;
        }
        return false;
}

static bool put(const struct gpu_model *model, struct gpu_state *gpu, const struct pack_option *option) {
        if (option->gpu != model || (gpu->count > 0 && gpu->mode != option->mode))
                return false;
        gpu->mode = option->mode;
        if (option->mode != GPU_MIG) {
                gpu->milli += option->milli;
                return gpu->milli <= 1000 && ++gpu->count <= PACK_SLICES_MAX;
        }
        if (gpu->count == LAYOUT_SLICES_MAX)
                return false;
        gpu->profiles[gpu->count++] = option->profile;
        return has_layout(gpu, 0, &(struct layout){ .model = model });
}

static bool gpus_hold(struct attempt *a, unsigned pod);

static bool whole_gpus_hold(struct attempt *a, unsigned pod, unsigned want) {
        struct attempt next = *a;

        for (unsigned g = 0; g < a->type->gpus && want > 0; g++)
                if (next.gpus[g].count == 0) {
                        next.gpus[g] = (struct gpu_state){ .mode = GPU_WHOLE, .count = 1 };
                        want--;
                }
        return want == 0 && gpus_hold(&next, pod + 1);
}

/* Do the pods from `pod` on find GPUs? Empty GPUs are alike, so only the first of them is tried. */
static bool gpus_hold(struct attempt *a, unsigned pod) {
        if (pod == a->pod_count)
                return true;
        const struct pack_item *item = &a->problem->items[a->pods[pod]];
        if (item->gpus > 0)
                return whole_gpus_hold(a, pod, item->gpus);
        bool empty_tried = false;
        for (unsigned g = 0; g < a->type->gpus; g++) {
                if (a->gpus[g].count == 0 && empty_tried)
                        continue;
                empty_tried = empty_tried || a->gpus[g].count == 0;
                for (unsigned o = 0; o < item->option_count; o++) {
                        struct attempt next = *a;
                        if (put(a->type->gpu, &next.gpus[g], &item->options[o]) && gpus_hold(&next, pod + 1))
                                return true;
                }
        }
        return false;
}

/* Can one node of type `t` hold the pods of `set`? */
static bool type_holds(const struct pack_problem *problem, const unsigned *pods, unsigned set, unsigned t) {
        struct attempt a = { .problem = problem, .type = &problem->types[t] };
        uint64_t cpu = 0, memory = 0;

        for (unsigned p = 0; set >> p; p++) {
                if (!(set >> p & 1))
                        continue;
                const struct pack_item *item = &problem->items[pods[p]];
                unsigned same = 1;
                for (unsigned q = 0; q < a.pod_count; q++)
                        same += a.pods[q] == pods[p];
                if (!(item->types[t / 64] >> t % 64 & 1) || (item->max_per_node > 0 && same > item->max_per_node))
                        return false;
                cpu += item->cpu_milli;
                memory += item->memory_mib;
                a.pods[a.pod_count++] = pods[p];
        }
        return cpu <= a.type->cpu_milli && memory <= a.type->memory_mib && a.pod_count <= a.type->pods && gpus_hold(&a, 0);
}

static double node_price(const struct pack_problem *problem, const unsigned *pods, unsigned set) {
        double best = INFINITY;

        for (unsigned t = 0; t < problem->type_count; t++)
                if (problem->types[t].usd_per_hour < best && type_holds(problem, pods, set, t))
                        best = problem->types[t].usd_per_hour;
        return best;
}

double oracle_optimum(const struct pack_problem *problem) {
        unsigned pods[ORACLE_PODS_MAX], count = 0;
        static double price[1u << ORACLE_PODS_MAX], best[1u << ORACLE_PODS_MAX];

        for (unsigned i = 0; i < problem->item_count; i++)
                for (unsigned p = 0; p < problem->items[i].count; p++) {
                        assert(count < ORACLE_PODS_MAX);
                        pods[count] = i;
                        count += isfinite(node_price(problem, pods, 1u << count)); /* left out if it fits nowhere */
                }
        for (unsigned set = 1; set < 1u << count; set++) {
                price[set] = node_price(problem, pods, set);
                best[set] = price[set];
                unsigned lowest = set & -set;
                for (unsigned part = (set - 1) & set; part > 0; part = (part - 1) & set) /* the node of the lowest pod, and the rest */
                        if (part & lowest)
                                best[set] = MIN(best[set], price[part] + best[set ^ part]);
        }
        return count > 0 ? best[(1u << count) - 1] : 0;
}
