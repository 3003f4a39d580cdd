/* Cuts as parts of a solution: pools with slots and placements, nodes whose slices stand in them. */
#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/cut.h"

/* Equal cuts get equal placements: they depend on nothing but the set of profiles. */
static int place_mig(const struct gpu_model *model, struct pack_cut *gpu, struct err *e) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        bool taken[LAYOUT_SLICES_MAX] = { false };
        struct layout layout;

        for (unsigned i = 0; i < gpu->count; i++)
                counts[gpu->slots[i].profile->index]++;
        if (layout_place(model, counts, &layout, e) < 0)
                return err_set(e, ERR_BUG, "a pool of %s has slots without a placement", model->key);
        for (unsigned i = 0; i < gpu->count; i++)
                for (unsigned j = 0; j < layout.count; j++)
                        if (!taken[j] && layout.slices[j].profile == gpu->slots[i].profile) {
                                taken[j] = true;
                                gpu->slots[i].start = layout.slices[j].start;
                                break;
                        }
        return 0;
}

static void free_pool(struct pack_pool *pool) {
        for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                free(pool->gpus[g].slots);
}

int cut_to_pool(const struct pack_problem *problem, const struct cut *cut, struct pack_pool *ret_pool, struct err *e) {
        const struct gpu_model *model = problem->types[cut->type].gpu;
        struct pack_pool pool = { .type = cut->type };
        int r = 0;

        for (uint32_t i = 0; i < cut->count; i++) {
                const struct cut_slot *slot = &cut->slots[i];
                struct pack_cut *gpu = &pool.gpus[slot->gpu];
                gpu->mode = slot->mode;
                if (slot->mode == GPU_WHOLE)
                        continue;
                gpu->slots = mem_realloc(gpu->slots, gpu->count + 1u, sizeof *gpu->slots);
                gpu->slots[gpu->count++] = slot->mode == GPU_MIG ? (struct pack_slot){ .profile = &model->profiles[slot->size] }
                                                                 : (struct pack_slot){ .milli = slot->size };
        }
        for (unsigned g = 0; g < PACK_GPUS_MAX && r == 0; g++)
                if (pool.gpus[g].mode == GPU_MIG)
                        r = place_mig(model, &pool.gpus[g], e);
        if (r < 0)
                free_pool(&pool);
        else
                *ret_pool = pool;
        return r;
}

/* Which of its GPU's slots it is. */
static unsigned index_on_gpu(const struct cut *cut, uint32_t slot) {
        unsigned index = 0;

        for (uint32_t i = 0; i < slot; i++)
                index += cut->slots[i].gpu == cut->slots[slot].gpu;
        return index;
}

int cut_to_node(const struct pack_problem *problem, const struct cut *cut, const struct pack_pool *pool, const struct column *column,
                uint32_t count, struct pack_node *ret_node, struct err *e) {
        struct pack_node node = { .type = cut->type, .count = count };
        uint16_t slots[CUT_SLOTS_MAX];

        if (!cut_holds(problem, cut, column->pods, column->pod_count, slots))
                return err_set(e, ERR_BUG, "a node's pods do not fit into its pool's slots");
        for (uint32_t p = 0; p < column->pod_count; p++) {
                const struct column_pod *pod = &column->pods[p];
                for (unsigned k = 0; k < MAX(problem->items[pod->item].gpus, 1u); k++) {
                        uint32_t slot = slots[p] + k;
                        unsigned g = cut->slots[slot].gpu;
                        struct pack_gpu *gpu = &node.gpus[g];
                        struct pack_slice slice = { .item = pod->item, .option = pod->option };
                        gpu->mode = cut->slots[slot].mode;
                        if (gpu->mode == GPU_MIG)
                                slice.start = pool->gpus[g].slots[index_on_gpu(cut, slot)].start;
                        gpu->slices = mem_realloc(gpu->slices, gpu->count + 1u, sizeof *gpu->slices);
                        gpu->slices[gpu->count++] = slice;
                }
        }
        *ret_node = node;
        return 0;
}

/* ---- pools of any solution ---- */

struct numbered {
        struct cut cut;
        size_t node;
};

static int by_cut(const void *a, const void *b) {
        const struct numbered *x = a, *y = b;
        int order = cut_compare(&x->cut, &y->cut);

        return order ? order : x->node < y->node ? -1 : x->node > y->node;
}

/* The cut of a node; its GPUs are put in the cut's order. */
static void cut_of_node(const struct pack_problem *problem, struct pack_node *node, struct arena *arena, struct cut *ret_cut) {
        struct cut_slot slots[CUT_SLOTS_MAX];
        uint8_t order[PACK_GPUS_MAX];
        struct pack_gpu gpus[PACK_GPUS_MAX];
        uint32_t n = 0;

        for (uint8_t g = 0; g < PACK_GPUS_MAX; g++)
                for (unsigned s = 0; s < node->gpus[g].count; s++) {
                        const struct pack_slice *slice = &node->gpus[g].slices[s];
                        slots[n] = cut_slot_for(&problem->items[slice->item], slice->option);
                        slots[n++].gpu = g;
                }
        cut_make(problem, node->type, slots, n, ret_cut, order);
        memcpy(gpus, node->gpus, sizeof gpus);
        for (unsigned g = 0; g < problem->types[node->type].gpus; g++)
                node->gpus[order[g]] = gpus[g];
        ret_cut->slots = arena_alloc(arena, ret_cut->count * sizeof *slots);
        memcpy(ret_cut->slots, slots, ret_cut->count * sizeof *slots);
}

int cut_number_pools(const struct pack_problem *problem, struct pack_solution *solution, struct err *e) {
        _cleanup_free_ struct numbered *list = mem_alloc((solution->node_count + 1) * sizeof *list);
        _cleanup_(arena_done) struct arena arena = { 0 };
        size_t capacity = 0;
        int r = 0;

        for (size_t n = 0; n < solution->node_count; n++) {
                list[n].node = n;
                cut_of_node(problem, &solution->nodes[n], &arena, &list[n].cut);
        }
        qsort(list, solution->node_count, sizeof *list, by_cut);
        for (size_t i = 0; i < solution->node_count && r == 0; i++) {
                if (i == 0 || cut_compare(&list[i - 1].cut, &list[i].cut) != 0) {
                        MEM_GROW(solution->pools, solution->pool_count, capacity);
                        r = cut_to_pool(problem, &list[i].cut, &solution->pools[solution->pool_count], e);
                        solution->pool_count += r == 0;
                }
                solution->nodes[list[i].node].pool = (uint32_t)solution->pool_count - 1;
        }
        return r;
}
