#include "core/plan/assign_node.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#define SLICES_TEXT_MAX 4096

struct node_text {
        UT_hash_handle hh;
        char text[];
};

static struct node_text *find_text(struct node_text **hash, struct arena *arena, const char *text) {
        struct node_text *known;

        HASH_FIND_STR(*hash, text, known);
        if (known)
                return known;
        known = arena_zalloc(arena, sizeof *known + strlen(text) + 1);
        memcpy(known->text, text, strlen(text) + 1);
        HASH_ADD_STR(*hash, text, known);
        return known;
}

/* What a pod of the workload has on one GPU: its own sizes, which may be smaller than those of the item it was merged into. */
static struct plan_slice slice_of(struct node_writer *w, const struct pattern_place *place) {
        const struct choice *choice = &w->choices->items[place->workload];
        const struct workload *demand = &w->choices->world.demand->workloads[place->workload];
        const struct pack_item *item = &w->problem->items[place->item];
        struct plan_slice slice = { .mode = GPU_WHOLE, .profile = "whole", .milli = 1000, .workload = place->workload };

        if (item->gpus > 0) {
                if (w->choices->world.demand->is_trace)
                        slice.milli = demand->request.milli; /* as the trace has it, whole GPU or not */
                return slice;
        }
        const struct pack_option *option = &item->options[place->option];
        const struct choice_group *group = &w->choices->groups[option->group];
        slice.mode = group->mode;
        slice.profile = group->profile;
        slice.milli = (uint16_t)(option->milli / choice->slices);
        if (choice->need.exact && slice.mode != GPU_WHOLE) { /* its own share, whatever it was rounded to */
                slice.milli = demand->request.milli;
                slice.profile = find_text(&w->texts, w->arena, choice_share_text(slice.milli, (char[CHOICE_SHARE_TEXT]){ 0 }))->text;
        }
        if (option->mode == GPU_MIG) {
                slice.start = place->start;
                slice.size = option->profile->memory_slices;
                slice.milli = (uint16_t)(1000u * option->profile->memory_slices / option->gpu->memory_slices);
        }
        return slice;
}

/* MIG by place, shares by falling size. */
static int by_place(const void *a, const void *b) {
        const struct plan_slice *x = a, *y = b;

        if (x->start != y->start)
                return x->start < y->start ? -1 : 1;
        if (x->milli != y->milli)
                return x->milli < y->milli ? 1 : -1;
        return (x->workload > y->workload) - (x->workload < y->workload);
}

/* Equal sets of slices get equal places, so that they are one layout; each set has a placement or the optimiser would not have used it. */
static void place_alike(const struct gpu_model *model, struct plan_gpu *gpu) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        bool taken[LAYOUT_SLICES_MAX] = { 0 };
        struct layout layout;
        struct err e;

        for (uint32_t i = 0; i < gpu->slice_count; i++)
                counts[gpu_profile_find(model, gpu->slices[i].profile)->index]++;
        if (layout_place(model, counts, &layout, &e) < 0)
                return;
        for (uint32_t i = 0; i < gpu->slice_count; i++)
                for (unsigned k = 0; k < layout.count; k++) {
                        if (taken[k] || strcmp(layout.slices[k].profile->name, gpu->slices[i].profile) != 0)
                                continue;
                        gpu->slices[i].start = layout.slices[k].start;
                        taken[k] = true;
                        break;
                }
}

static const char *layout_text(struct node_writer *w, const struct plan_gpu *gpu) {
        _cleanup_(buf_done) struct buf text = BUF(SLICES_TEXT_MAX);

        for (uint32_t i = 0; i < gpu->slice_count; i++) {
                const struct plan_slice *s = &gpu->slices[i];
                if (s->mode == GPU_MIG)
                        buf_printf(&text, "%s%s@%u", i ? "," : "", s->profile, s->start);
                else
                        buf_printf(&text, "%s%s", i ? "+" : "", s->profile);
        }
        return find_text(&w->texts, w->arena, buf_text(&text))->text;
}

static void write_gpu(struct node_writer *w, const struct gpu_model *model, unsigned index, const struct pattern_place *places,
                      size_t place_count, struct plan_gpu *gpu) {
        uint32_t count = 0, i = 0;

        for (size_t p = 0; p < place_count; p++)
                for (unsigned g = 0; g < places[p].gpu_count; g++)
                        count += places[p].gpus[g] == index ? w->choices->items[places[p].workload].slices : 0;
        *gpu = (struct plan_gpu){ .mode = GPU_WHOLE, .layout = "", .slice_count = count };
        if (count == 0)
                return;
        gpu->slices = arena_alloc(w->arena, count * sizeof *gpu->slices);
        for (size_t p = 0; p < place_count; p++)
                for (unsigned g = 0; g < places[p].gpu_count; g++)
                        for (unsigned k = 0; places[p].gpus[g] == index && k < w->choices->items[places[p].workload].slices; k++)
                                gpu->slices[i++] = slice_of(w, &places[p]);
        if (gpu->slices[0].mode == GPU_MIG)
                place_alike(model, gpu);
        qsort(gpu->slices, count, sizeof *gpu->slices, by_place);
        gpu->mode = gpu->slices[0].mode;
        gpu->layout = layout_text(w, gpu);
}

/* Fullest first, by layout text where equal: the order of GPUs in a node means nothing, so equal contents look equal. */
static int by_layout(const void *a, const void *b) {
        const struct plan_gpu *x = a, *y = b;

        if ((x->slice_count == 0) != (y->slice_count == 0))
                return x->slice_count == 0 ? 1 : -1;
        return strcmp(x->layout, y->layout);
}

static int by_workload(const void *a, const void *b) {
        const struct plan_pods *x = a, *y = b;
        return (x->workload > y->workload) - (x->workload < y->workload);
}

static void write_pods(struct node_writer *w, const struct pattern_place *places, size_t place_count, struct plan_node *node) {
        const struct workload *workloads = w->choices->world.demand->workloads;
        struct plan_pods *pods = mem_zalloc(MAX(place_count, 1u), sizeof *pods);
        uint32_t distinct = 0;

        for (size_t i = 0; i < place_count; i++) {
                pods[i] = (struct plan_pods){ .workload = places[i].workload, .count = 1 };
                node->cpu_milli += workloads[places[i].workload].cpu_milli;
                node->memory_mib += workloads[places[i].workload].memory_mib;
        }
        qsort(pods, place_count, sizeof *pods, by_workload);
        for (size_t i = 0; i < place_count; i++) {
                if (distinct > 0 && pods[distinct - 1].workload == pods[i].workload)
                        pods[distinct - 1].count++;
                else
                        pods[distinct++] = pods[i];
        }
        for (uint32_t i = 0; i < distinct; i++) {
                uint32_t limit = workloads[pods[i].workload].max_per_node;
                if (limit > 0 && pods[i].count > limit)
                        w->crowded += (uint64_t)(pods[i].count - limit) * node->count;
        }
        node->pod_count = distinct;
        node->pods = arena_alloc(w->arena, MAX(distinct, 1u) * sizeof *pods);
        memcpy(node->pods, pods, distinct * sizeof *pods);
        free(pods);
}

void node_write(struct node_writer *w, const struct pack_node *node, const struct pattern_place *places, size_t place_count,
                uint32_t count) {
        const struct market_type *type = &w->choices->world.market->types[node->type];
        struct plan_node *out;

        MEM_GROW(w->nodes, w->count, w->capacity);
        out = &w->nodes[w->count++];
        *out = (struct plan_node){ .type = type->type,
                                   .capacity = type->capacity,
                                   .count = count,
                                   .pool = node->pool,
                                   .usd_per_hour = type->usd_per_hour,
                                   .gpu_count = type->type->gpu_count };
        out->gpus = arena_zalloc(w->arena, out->gpu_count * sizeof *out->gpus);
        for (unsigned g = 0; g < out->gpu_count; g++)
                write_gpu(w, w->problem->pack.types[node->type].gpu, g, places, place_count, &out->gpus[g]);
        qsort(out->gpus, out->gpu_count, sizeof *out->gpus, by_layout);
        write_pods(w, places, place_count, out);
}

static int by_cost(const void *a, const void *b) {
        const struct plan_node *x = a, *y = b;
        double cx = x->count * x->usd_per_hour, cy = y->count * y->usd_per_hour;

        if (cx != cy)
                return cx < cy ? 1 : -1;
        return strcmp(x->type->name, y->type->name);
}

/* The packer says which nodes are cut alike (a slice may stand in a larger slot); here its pools are numbered from 1 in the order shown. */
static void number_pools(struct node_writer *w, struct assigned *ret) {
        uint32_t most = 0;

        for (size_t i = 0; i < w->count; i++)
                most = MAX(most, w->nodes[i].pool);
        _cleanup_free_ uint32_t *numbers = mem_zalloc((size_t)most + 1, sizeof *numbers);
        for (size_t i = 0; i < w->count; i++) {
                uint32_t *number = &numbers[w->nodes[i].pool];
                if (*number == 0)
                        *number = ++ret->pools;
                w->nodes[i].pool = *number;
        }
}

void node_writer_finish(struct node_writer *w, struct assigned *ret) {
        if (w->count > 0)
                qsort(w->nodes, w->count, sizeof *w->nodes, by_cost);
        number_pools(w, ret);
        HASH_CLEAR(hh, w->texts);
        ret->nodes = w->nodes;
        ret->node_count = w->count;
        ret->crowded = w->crowded;
}
