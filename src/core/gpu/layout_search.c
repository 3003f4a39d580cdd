#include "core/gpu/layout_search.h"

#include <string.h>

struct search {
        const struct places *places;
        bool any; /* the first arrangement will do */
        bool found;
        unsigned best_left;
        unsigned depth;
        struct place now[LAYOUT_SLICES_MAX], best[LAYOUT_SLICES_MAX];
};

/* Engines and maxima do not depend on where slices stand: one look before the search, and the search is about memory alone. */
static bool totals_fit(const struct places *p, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX]) {
        struct room rest = *room;
        unsigned memory = 0;
        for (unsigned i = 0; i < p->model->profile_count; i++) {
                if (counts[i] > room_count(room, i))
                        return false;
                memory += counts[i] * p->model->profiles[i].memory_slices;
                for (unsigned n = 0; n < counts[i]; n++) {
                        if (!room_has_engines(&rest, p->engines[i]))
                                return false;
                        rest.engines -= p->engines[i];
                }
        }
        return memory <= (unsigned)__builtin_popcount(room->memory);
}

static void keep_if_better(struct search *s, const struct room *room) {
        unsigned left = s->any ? 0 : room_places(room, s->places);
        if (s->found && left <= s->best_left)
                return;
        s->found = true;
        s->best_left = left;
        memcpy(s->best, s->now, s->depth * sizeof *s->now);
}

/* Put the remaining `wanted` slices at places from index `first` on: each place is taken or passed over, by rising start. */
static void search(struct search *s, const struct room *room, uint8_t counts[GPU_PROFILES_MAX], unsigned wanted, unsigned first) {
        const struct places *p = s->places;
        if (!wanted) {
                keep_if_better(s, room);
                return;
        }
        for (unsigned i = first; i < p->count && !(s->any && s->found); i++) {
                const struct place *place = &p->at[i];
                if (!counts[place->profile] || (room->memory & place->mask) != place->mask)
                        continue;
                struct room after = *room;
                room_take(&after, p, place);
                counts[place->profile]--;
                s->now[s->depth++] = *place;
                search(s, &after, counts, wanted - 1, i + 1);
                s->depth--;
                counts[place->profile]++;
        }
}

static void run(struct search *s, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX]) {
        if (!totals_fit(s->places, room, counts))
                return;
        uint8_t left[GPU_PROFILES_MAX];
        unsigned wanted = 0;
        memcpy(left, counts, sizeof left);
        for (unsigned i = 0; i < s->places->model->profile_count; i++)
                wanted += counts[i];
        search(s, room, left, wanted, 0);
}

bool search_any(const struct places *p, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX]) {
        struct search s = { .places = p, .any = true };
        run(&s, room, counts);
        return s.found;
}

bool search_best(const struct places *p, const struct room *room, const uint8_t counts[GPU_PROFILES_MAX], struct layout *layout) {
        struct search s = { .places = p };
        run(&s, room, counts);
        if (!s.found)
                return false;

        unsigned wanted = 0;
        for (unsigned i = 0; i < p->model->profile_count; i++)
                wanted += counts[i];
        for (unsigned i = 0; i < wanted; i++)
                layout_insert(layout, (struct slice){ &p->model->profiles[s.best[i].profile], s.best[i].start });
        return true;
}
