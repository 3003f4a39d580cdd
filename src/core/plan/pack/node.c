#include "core/plan/pack/node.h"

#include <string.h>

#include "base/mem.h"

uint32_t node_option_milli(const struct pack_option *option) {
        return option->mode == GPU_MIG ? 1000u * option->profile->memory_slices / option->gpu->memory_slices : option->milli;
}

/* By what is taken of the GPU; of two profiles with the same memory the one with less compute, before both a share. */
static bool smaller(const struct pack_option *a, const struct pack_option *b) {
        uint32_t x = node_option_milli(a), y = node_option_milli(b);
        unsigned compute_x = a->mode == GPU_MIG ? a->profile->compute_slices : 0,
                 compute_y = b->mode == GPU_MIG ? b->profile->compute_slices : 0;

        return x < y || (x == y && compute_x < compute_y);
}

static uint32_t model_index(struct node_rules *r, const struct gpu_model *model) {
        for (uint32_t m = 0; m < r->model_count; m++)
                if (r->models[m] == model)
                        return m;
        r->models[r->model_count] = model;
        return r->model_count++;
}

/* Append the options of `item` on model `m` to the order, smallest first; on a tie the first listed. */
static struct node_options sort_options(struct node_rules *r, const struct pack_item *item, uint32_t m, uint32_t first) {
        struct node_options range = { .first = first };
        uint16_t *order = r->order + first;

        for (uint16_t o = 0; o < item->option_count; o++) {
                if (item->options[o].gpu != r->models[m])
                        continue;
                uint16_t at = range.count++;
                for (; at > 0 && smaller(&item->options[o], &item->options[order[at - 1]]); at--)
                        order[at] = order[at - 1];
                order[at] = o;
                if (item->options[o].mode == GPU_MIG && !r->mig[m])
                        r->mig[m] = mig_states_new(r->models[m]);
        }
        return range;
}

static uint32_t milli_least(const struct pack_item *item) {
        uint32_t least = item->gpus > 0 || item->option_count == 0 ? 0 : 1000;

        for (uint16_t o = 0; item->gpus == 0 && o < item->option_count; o++)
                least = MIN(least, node_option_milli(&item->options[o]));
        return least;
}

struct node_rules *node_rules_new(const struct pack_problem *problem) {
        struct node_rules *r = mem_zalloc(1, sizeof *r);
        size_t options = 0;
        uint32_t first = 0;

        r->problem = problem;
        r->models = mem_zalloc(problem->type_count + 1, sizeof *r->models);
        for (size_t t = 0; t < problem->type_count; t++)
                r->model_of_type[t] = (uint16_t)model_index(r, problem->types[t].gpu);
        for (size_t i = 0; i < problem->item_count; i++)
                options += problem->items[i].option_count;
        r->mig = mem_zalloc(r->model_count + 1, sizeof *r->mig);
        r->order = mem_zalloc(options + 1, sizeof *r->order);
        r->options = mem_zalloc(problem->item_count * r->model_count + 1, sizeof *r->options);
        r->milli_least = mem_zalloc(problem->item_count + 1, sizeof *r->milli_least);
        for (size_t i = 0; i < problem->item_count; i++) {
                r->milli_least[i] = milli_least(&problem->items[i]);
                for (uint32_t m = 0; m < r->model_count; m++) {
                        struct node_options range = sort_options(r, &problem->items[i], m, first);
                        r->options[i * r->model_count + m] = range;
                        first += range.count;
                }
        }
        return r;
}

struct node_rules *node_rules_free(struct node_rules *r) {
        if (r) {
                for (uint32_t m = 0; m < r->model_count; m++)
                        mig_states_free(r->mig[m]);
                free(r->mig);
                free(r->models);
                free(r->order);
                free(r->options);
                free(r->milli_least);
                free(r);
        }
        return NULL;
}

void node_init(struct node *n, const struct node_rules *rules, uint32_t type) {
        const struct pack_type *t = &rules->problem->types[type];

        *n = (struct node){ .type = type, .cpu_milli = t->cpu_milli, .memory_mib = t->memory_mib, .pods = t->pods };
        for (unsigned g = 0; g < t->gpus; g++)
                n->gpus[g].milli_left = 1000;
}

void node_copy(struct node *n, const struct node *from) {
        *n = *from;
        n->part_capacity = from->part_count;
        n->parts = mem_alloc(from->part_count * sizeof *n->parts);
        if (from->part_count > 0)
                memcpy(n->parts, from->parts, from->part_count * sizeof *n->parts);
}

void node_done(struct node *n) {
        free(n->parts);
        *n = (struct node){ 0 };
}

static bool gpu_takes(const struct node_gpu *gpu, const struct pack_option *option, const struct mig_states *mig) {
        if (gpu->count > 0 && gpu->mode != option->mode)
                return false;
        if (option->mode == GPU_MIG)
                return mig->next[gpu->state][option->profile->index] >= 0;
        return gpu->milli_left >= option->milli && gpu->count < PACK_SLICES_MAX;
}

static void gpu_put(struct node_gpu *gpu, const struct pack_option *option, const struct mig_states *mig) {
        uint32_t milli = node_option_milli(option);

        gpu->mode = option->mode;
        gpu->count++;
        gpu->milli_left = (uint16_t)(gpu->milli_left - MIN(milli, gpu->milli_left));
        if (option->mode == GPU_MIG)
                gpu->state = mig->next[gpu->state][option->profile->index];
}

struct place {
        uint16_t option;
        int gpu; /* -1 = nowhere */
};

/* The fullest GPU in use that takes an option, smallest option first; else the first empty one. */
static struct place find_slice(const struct node *n, const struct node_rules *rules, uint32_t item) {
        const struct pack_item *it = &rules->problem->items[item];
        uint32_t m = rules->model_of_type[n->type];
        const struct node_options *range = &rules->options[item * rules->model_count + m];
        unsigned gpus = rules->problem->types[n->type].gpus;

        for (unsigned empty = 0; empty < 2; empty++)
                for (uint32_t o = range->first; o < range->first + range->count; o++) {
                        struct place best = { .option = rules->order[o], .gpu = -1 };
                        for (unsigned g = 0; g < gpus; g++)
                                if ((n->gpus[g].count == 0) == empty && gpu_takes(&n->gpus[g], &it->options[best.option], rules->mig[m]) &&
                                    (best.gpu < 0 || n->gpus[g].milli_left < n->gpus[best.gpu].milli_left))
                                        best.gpu = (int)g;
                        if (best.gpu >= 0)
                                return best;
                }
        return (struct place){ .gpu = -1 };
}

static void add_part(struct node *n, uint32_t item, uint16_t option, uint16_t gpus) {
        for (size_t p = n->part_count; p-- > 0 && n->parts[p].item == item;)
                if (n->parts[p].option == option && n->parts[p].gpus == gpus) {
                        n->parts[p].count++;
                        return;
                }
        MEM_GROW(n->parts, n->part_count, n->part_capacity);
        n->parts[n->part_count++] = (struct node_part){ .item = item, .option = option, .gpus = gpus, .count = 1 };
}

/* The first `want` empty GPUs, bit per GPU; 0 if there are fewer. */
static uint16_t empty_gpus(const struct node *n, const struct node_rules *rules, unsigned want) {
        unsigned found = 0;
        uint16_t gpus = 0;

        for (unsigned g = 0; g < rules->problem->types[n->type].gpus && found < want; g++)
                if (n->gpus[g].count == 0) {
                        gpus |= (uint16_t)(1u << g);
                        found++;
                }
        return found < want ? 0 : gpus;
}

static bool add_whole(struct node *n, const struct node_rules *rules, uint32_t item) {
        uint16_t gpus = empty_gpus(n, rules, rules->problem->items[item].gpus);

        if (!gpus)
                return false;
        for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                if (gpus >> g & 1)
                        n->gpus[g] = (struct node_gpu){ .mode = GPU_WHOLE, .count = 1 };
        add_part(n, item, 0, gpus);
        return true;
}

static bool add_slice(struct node *n, const struct node_rules *rules, uint32_t item) {
        struct place place = find_slice(n, rules, item);

        if (place.gpu < 0)
                return false;
        gpu_put(&n->gpus[place.gpu], &rules->problem->items[item].options[place.option], rules->mig[rules->model_of_type[n->type]]);
        add_part(n, item, place.option, (uint16_t)(1u << place.gpu));
        return true;
}

static uint32_t count_of(const struct node *n, uint32_t item) {
        uint32_t count = 0;

        for (size_t p = 0; p < n->part_count; p++)
                if (n->parts[p].item == item)
                        count += n->parts[p].count;
        return count;
}

bool node_takes(const struct node *n, const struct node_rules *rules, uint32_t item) {
        const struct pack_item *it = &rules->problem->items[item];

        if (!node_may_hold(n, it) || (it->max_per_node > 0 && count_of(n, item) >= it->max_per_node))
                return false;
        return it->gpus > 0 ? empty_gpus(n, rules, it->gpus) != 0 : find_slice(n, rules, item).gpu >= 0;
}

uint32_t node_add(struct node *n, const struct node_rules *rules, uint32_t item, uint32_t want) {
        const struct pack_item *it = &rules->problem->items[item];
        uint32_t added = 0;

        if (it->max_per_node > 0)
                want = MIN(want, it->max_per_node - MIN(count_of(n, item), it->max_per_node));
        for (; added < want && node_may_hold(n, it); added++) {
                if (!(it->gpus > 0 ? add_whole(n, rules, item) : add_slice(n, rules, item)))
                        break;
                n->cpu_milli -= it->cpu_milli;
                n->memory_mib -= it->memory_mib;
                n->pods--;
        }
        return added;
}

uint32_t node_room(const struct node_rules *rules, uint32_t type, uint32_t item, uint32_t want) {
        struct node n;

        node_init(&n, rules, type);
        uint32_t room = node_add(&n, rules, item, want);
        node_done(&n);
        return room;
}

uint32_t node_milli_left(const struct node *n, const struct node_rules *rules) {
        uint32_t left = 0;

        for (unsigned g = 0; g < rules->problem->types[n->type].gpus; g++)
                left += n->gpus[g].milli_left;
        return left;
}

/* The slices of a MIG GPU get their starts from a layout that holds all of them. */
static int place_mig(const struct node_rules *rules, const struct gpu_model *model, struct pack_gpu *gpu, struct err *e) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        uint32_t taken = 0;
        struct layout layout;

        for (unsigned s = 0; s < gpu->count; s++)
                counts[rules->problem->items[gpu->slices[s].item].options[gpu->slices[s].option].profile->index]++;
        if (layout_place(model, counts, &layout, e) < 0)
                return err_set(e, ERR_BUG, "a %s was given slices that have no placement", model->key);
        for (unsigned s = 0; s < gpu->count; s++) {
                const struct gpu_profile *profile = rules->problem->items[gpu->slices[s].item].options[gpu->slices[s].option].profile;
                for (unsigned l = 0; l < layout.count; l++)
                        if (!(taken >> l & 1) && layout.slices[l].profile == profile) {
                                taken |= 1u << l;
                                gpu->slices[s].start = layout.slices[l].start;
                                break;
                        }
        }
        return 0;
}

int node_finish(const struct node *n, const struct node_rules *rules, uint32_t count, struct pack_node *ret_node, struct err *e) {
        struct pack_node out = { .type = n->type, .count = count };
        int r = 0;

        for (unsigned g = 0; g < PACK_GPUS_MAX; g++) {
                if (n->gpus[g].count == 0)
                        continue;
                out.gpus[g].mode = n->gpus[g].mode;
                out.gpus[g].slices = mem_zalloc(n->gpus[g].count, sizeof *out.gpus[g].slices);
        }
        for (size_t p = 0; p < n->part_count; p++)
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        for (unsigned i = 0; (n->parts[p].gpus >> g & 1) && i < n->parts[p].count; i++)
                                out.gpus[g].slices[out.gpus[g].count++] =
                                        (struct pack_slice){ .item = n->parts[p].item, .option = n->parts[p].option };
        for (unsigned g = 0; g < PACK_GPUS_MAX && r == 0; g++)
                if (out.gpus[g].mode == GPU_MIG)
                        r = place_mig(rules, rules->problem->types[n->type].gpu, &out.gpus[g], e);
        if (r < 0) {
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        free(out.gpus[g].slices);
                return r;
        }
        *ret_node = out;
        return 0;
}
