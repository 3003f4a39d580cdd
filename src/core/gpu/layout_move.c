/* Arranging slices anew: on an empty GPU, and around those that can stay. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/gpu/layout.h"
#include "core/gpu/layout_search.h"
#include "core/gpu/room.h"

int layout_place(const struct gpu_model *model, const uint8_t counts[GPU_PROFILES_MAX], struct layout *ret_layout, struct err *e) {
        struct places p;
        places_init(&p, model);
        const struct room room = room_new(&p);
        struct layout layout = { .model = model };
        if (search_best(&p, &room, counts, &layout)) {
                *ret_layout = layout;
                return 0;
        }

        _cleanup_(buf_done) struct buf wanted = BUF(ERR_TEXT_MAX);
        for (unsigned i = 0; i < model->profile_count; i++)
                if (counts[i])
                        buf_printf(&wanted, "%s%u x %s", wanted.length ? " + " : "", counts[i], model->profiles[i].name);
        return err_set(e, ERR_IMPOSSIBLE, "the %s cannot hold %s", model->key, buf_text(&wanted));
}

/* What moving the slices of `move` (a bit per index) costs: slices first, then memory slices. */
static unsigned move_cost(const struct layout *layout, uint32_t move) {
        unsigned cost = 0;
        for (unsigned i = 0; i < layout->count; i++)
                if (move & 1u << i)
                        cost += 256 + layout->slices[i].profile->memory_slices;
        return cost;
}

/* The slices that stay, and in `counts` those that need a place: the moved ones and the new one. */
static struct layout take_out(const struct layout *layout, uint32_t move, const struct gpu_profile *profile,
                              uint8_t counts[GPU_PROFILES_MAX]) {
        struct layout staying = { .model = layout->model };
        memset(counts, 0, GPU_PROFILES_MAX);
        counts[profile->index] = 1;
        for (unsigned i = 0; i < layout->count; i++) {
                if (move & 1u << i)
                        counts[layout->slices[i].profile->index]++;
                else
                        staying.slices[staying.count++] = layout->slices[i];
        }
        return staying;
}

int layout_admit(const struct layout *layout, const struct gpu_profile *profile, uint32_t *ret_move, struct layout *ret_after,
                 struct err *e) {
        struct places p;
        places_init(&p, layout->model);
        uint8_t counts[GPU_PROFILES_MAX];
        uint32_t best = 0;
        unsigned best_cost = UINT32_MAX;

        /* At most 2^12 sets of slices (2^7 on all GPUs but one, and that one holds four), each a short search. */
        for (uint32_t move = 0; move < 1u << layout->count && best_cost; move++) {
                unsigned cost = move_cost(layout, move);
                if (cost >= best_cost)
                        continue;
                const struct layout staying = take_out(layout, move, profile, counts);
                const struct room room = room_of(&staying, &p);
                if (search_any(&p, &room, counts)) {
                        best = move;
                        best_cost = cost;
                }
        }
        if (best_cost == UINT32_MAX)
                return err_set(e, ERR_IMPOSSIBLE, "no arrangement of the slices on this %s leaves room for a %s", layout->model->key,
                               profile->name);

        struct layout after = take_out(layout, best, profile, counts);
        uint8_t start;
        if (!best && layout_best_start(layout, profile, &start, e) == 0) {
                layout_insert(&after, (struct slice){ profile, start });
        } else {
                const struct room room = room_of(&after, &p);
                search_best(&p, &room, counts, &after);
        }
        *ret_move = best;
        *ret_after = after;
        return 0;
}
