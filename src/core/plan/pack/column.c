#include "core/plan/pack/column.h"

#include <string.h>

#include "base/mem.h"

void column_pool_init(struct column_pool *pool, const struct pack_problem *problem) {
        *pool = (struct column_pool){ .problem = problem, .hash_size = 1024 };
        pool->hash = mem_zalloc(pool->hash_size, sizeof *pool->hash);
}

void column_pool_done(struct column_pool *pool) {
        arena_done(&pool->arena);
        free(pool->columns);
        free(pool->hash);
        *pool = (struct column_pool){ 0 };
}

static int by_item(const void *a, const void *b) {
        const struct column_count *x = a, *y = b;

        return x->item < y->item ? -1 : x->item > y->item;
}

/* How many of each item, by rising item. */
static uint32_t count_items(const struct column_pod *pods, uint32_t pod_count, struct column_count *ret_counts) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < pod_count; i++) {
                uint32_t j = 0;
                while (j < n && ret_counts[j].item != pods[i].item)
                        j++;
                if (j == n)
                        ret_counts[n++] = (struct column_count){ .item = pods[i].item };
                ret_counts[j].count++;
        }
        qsort(ret_counts, n, sizeof *ret_counts, by_item);
        return n;
}

/* FNV-1a over the numbers that make a column what it is. */
static uint64_t hash_column(uint32_t type, uint64_t options, const struct column_count *counts, uint32_t n) {
        uint64_t h = 1469598103934665603u ^ type ^ options;

        for (uint32_t i = 0; i < n; i++) {
                h = (h ^ counts[i].item) * 1099511628211u;
                h = (h ^ counts[i].count) * 1099511628211u;
        }
        return h ^ h >> 29;
}

/* The same for every order of the pods. */
static uint64_t digest_options(const struct column_pod *pods, uint32_t pod_count) {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < pod_count; i++) {
                uint64_t h = ((uint64_t)pods[i].item << 16 | pods[i].option) * 0x9e3779b97f4a7c15u;
                sum += (h ^ h >> 32) * 1099511628211u;
        }
        return sum;
}

static bool same(const struct column *c, uint32_t type, uint64_t options, const struct column_count *counts, uint32_t n) {
        return c->type == type && c->options == options && c->count_count == n && memcmp(c->counts, counts, n * sizeof *counts) == 0;
}

static void grow_hash(struct column_pool *pool) {
        size_t size = pool->hash_size * 4;
        uint32_t *hash = mem_zalloc(size, sizeof *hash);

        for (size_t i = 0; i < pool->count; i++) {
                const struct column *c = &pool->columns[i];
                size_t slot = hash_column(c->type, c->options, c->counts, c->count_count) & (size - 1);
                while (hash[slot])
                        slot = (slot + 1) & (size - 1);
                hash[slot] = (uint32_t)i + 1;
        }
        free(pool->hash);
        pool->hash = hash;
        pool->hash_size = size;
}

long column_pool_add(struct column_pool *pool, uint32_t type, const struct column_pod *pods, uint32_t pod_count) {
        struct column_count counts[PACK_GPUS_MAX * PACK_SLICES_MAX];
        uint32_t n = count_items(pods, pod_count, counts);

        uint64_t options = pool->by_option ? digest_options(pods, pod_count) : 0;
        size_t slot = hash_column(type, options, counts, n) & (pool->hash_size - 1);
        while (pool->hash[slot] && !same(&pool->columns[pool->hash[slot] - 1], type, options, counts, n))
                slot = (slot + 1) & (pool->hash_size - 1);
        if (pool->hash[slot])
                return (long)pool->hash[slot] - 1;
        if (pool->count >= COLUMN_POOL_MAX)
                return -1;

        MEM_GROW(pool->columns, pool->count, pool->capacity);
        struct column *c = &pool->columns[pool->count];
        *c = (struct column){
                .type = type, .price = pool->problem->types[type].usd_per_hour, .options = options, .pod_count = pod_count, .count_count = n
        };
        c->pods = arena_alloc(&pool->arena, pod_count * sizeof *pods);
        memcpy(c->pods, pods, pod_count * sizeof *pods);
        c->counts = arena_alloc(&pool->arena, n * sizeof *counts);
        memcpy(c->counts, counts, n * sizeof *counts);
        pool->hash[slot] = (uint32_t)++pool->count;
        if (pool->count * 2 > pool->hash_size)
                grow_hash(pool);
        return (long)pool->count - 1;
}

static void put(struct pack_gpu *gpu, enum gpu_mode mode, struct pack_slice slice) {
        gpu->mode = mode;
        gpu->slices = mem_realloc(gpu->slices, gpu->count + 1u, sizeof *gpu->slices);
        gpu->slices[gpu->count++] = slice;
}

/* The slices of a MIG GPU get their starts from a layout that holds all of them. */
static int place_mig(const struct pack_problem *problem, const struct gpu_model *model, struct pack_gpu *gpu, struct err *e) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        bool taken[LAYOUT_SLICES_MAX] = { false };
        struct layout layout;

        for (unsigned i = 0; i < gpu->count; i++)
                counts[problem->items[gpu->slices[i].item].options[gpu->slices[i].option].profile->index]++;
        if (layout_place(model, counts, &layout, e) < 0)
                return err_set(e, ERR_BUG, "a %s was given slices that have no placement", model->key);
        for (unsigned i = 0; i < gpu->count; i++) {
                const struct gpu_profile *profile = problem->items[gpu->slices[i].item].options[gpu->slices[i].option].profile;
                for (unsigned j = 0; j < layout.count; j++)
                        if (!taken[j] && layout.slices[j].profile == profile) {
                                taken[j] = true;
                                gpu->slices[i].start = layout.slices[j].start;
                                break;
                        }
        }
        return 0;
}

int column_to_node(const struct pack_problem *problem, const struct column *column, uint32_t count, struct pack_node *ret_node,
                   struct err *e) {
        struct pack_node node = { .type = column->type, .count = count };

        for (uint32_t i = 0; i < column->pod_count; i++) {
                const struct column_pod *pod = &column->pods[i];
                const struct pack_item *item = &problem->items[pod->item];
                struct pack_slice slice = { .item = pod->item, .option = pod->option };
                if (item->gpus == 0)
                        put(&node.gpus[pod->gpu], item->options[pod->option].mode, slice);
                for (unsigned g = 0; g < item->gpus; g++)
                        put(&node.gpus[pod->gpu + g], GPU_WHOLE, slice);
        }
        int r = 0;
        for (unsigned g = 0; g < PACK_GPUS_MAX && r == 0; g++)
                if (node.gpus[g].mode == GPU_MIG)
                        r = place_mig(problem, problem->types[column->type].gpu, &node.gpus[g], e);
        if (r < 0) {
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        free(node.gpus[g].slices);
                return r;
        }
        *ret_node = node;
        return 0;
}
