#include "core/plan/pack/candidate.h"

#include "base/mem.h"

static int by_step_down(const void *a, const void *b) {
        const struct candidate *x = a, *y = b;

        return x->step != y->step ? (x->step < y->step ? 1 : -1) : x->item < y->item ? -1 : x->item > y->item;
}

/* More copies on one GPU than this no plan needs. */
static uint16_t copies_max(const struct pack_item *item) {
        uint32_t most = MIN(item->count, (uint32_t)PACK_SLICES_MAX);

        return (uint16_t)(item->max_per_node > 0 ? MIN(most, item->max_per_node) : most);
}

static uint16_t step_of(const struct pack_option *option, unsigned unit) {
        return (uint16_t)(option->mode == GPU_MIG ? option->profile->index : MIN((option->milli + unit - 1) / unit * unit, 1000u));
}

static void add_mode(struct candidates *c, enum gpu_mode mode, unsigned unit) {
        size_t capacity = 0;

        for (uint32_t i = 0; i < c->group->item_count; i++) {
                const struct pack_item *item = &c->problem->items[c->group->items[i]];
                for (uint16_t o = 0; item->gpus == 0 && o < item->option_count; o++) {
                        const struct pack_option *option = &item->options[o];
                        if (option->gpu != c->group->gpu || option->mode != mode)
                                continue;
                        MEM_GROW(c->list[mode], c->count[mode], capacity);
                        c->list[mode][c->count[mode]++] = (struct candidate){
                                .item = c->group->items[i],
                                .option = o,
                                .step = step_of(option, unit),
                                .copies_max = copies_max(item),
                        };
                }
        }
        if (c->count[mode] > 0)
                qsort(c->list[mode], c->count[mode], sizeof *c->list[mode], by_step_down);
}

/* All sums of the shares, all multisets of profiles. */
static uint32_t reachable_states(const struct candidates *c) {
        uint32_t most = c->group->mig ? c->group->mig->count : 1;

        for (unsigned m = GPU_MPS; m <= GPU_TIME_SLICING; m++) {
                bool reached[SHARE_STATES] = { true };
                uint32_t count = 0;
                for (uint32_t i = 0; i < c->count[m]; i++)
                        for (unsigned s = c->list[m][i].step; s < SHARE_STATES; s++)
                                reached[s] |= reached[s - c->list[m][i].step];
                for (unsigned s = 0; s < SHARE_STATES; s++)
                        count += reached[s];
                most = MAX(most, count);
        }
        return most;
}

void candidates_init(struct candidates *c, const struct pack_problem *problem, const struct content_group *group, unsigned unit) {
        *c = (struct candidates){ .problem = problem, .group = group };
        add_mode(c, GPU_MIG, unit);
        add_mode(c, GPU_MPS, unit);
        add_mode(c, GPU_TIME_SLICING, unit);
        c->reachable = reachable_states(c);
}

void candidates_done(struct candidates *c) {
        for (unsigned m = 0; m < GPU_MODE_MAX; m++)
                free(c->list[m]);
        *c = (struct candidates){ 0 };
}
