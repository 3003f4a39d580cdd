/* Every layout of a GPU, each once.
 *
 * Slices never overlap, so a layout read by rising start is the same thing as the set: adding only behind the last slice meets every set
 * exactly once, and nothing has to be remembered.
 */
#include "core/gpu/layout.h"
#include "core/gpu/layout_search.h"
#include "core/gpu/room.h"

struct walk {
        struct places places;
        struct layout layout;
        bool maximal;
        layout_visit visit;
        void *context;
};

/* `first`: index of the first place behind the last slice; those that overlap it no longer fit. */
static int walk(struct walk *w, const struct room *room, unsigned first) {
        const struct places *p = &w->places;

        if (!w->maximal || !room_places(room, p)) {
                int r = w->visit(&w->layout, w->context);
                if (r)
                        return r;
        }
        for (unsigned i = first; i < p->count; i++) {
                const struct place *place = &p->at[i];
                if (!room_fits(room, p, place))
                        continue;

                struct room after = *room;
                room_take(&after, p, place);
                w->layout.slices[w->layout.count++] = (struct slice){ &p->model->profiles[place->profile], place->start };
                int r = walk(w, &after, i + 1);
                w->layout.slices[--w->layout.count] = (struct slice){ 0 };
                if (r)
                        return r;
        }
        return 0;
}

static int walk_all(const struct gpu_model *model, bool maximal, layout_visit visit, void *context) {
        struct walk w = { .layout.model = model, .maximal = maximal, .visit = visit, .context = context };
        places_init(&w.places, model);
        struct room room = room_new(&w.places);
        return walk(&w, &room, 0);
}

int layout_each(const struct gpu_model *model, layout_visit visit, void *context) {
        return walk_all(model, false, visit, context);
}

int layout_each_maximal(const struct gpu_model *model, layout_visit visit, void *context) {
        return walk_all(model, true, visit, context);
}

/* Multisets grow by profiles of rising index, so each is met once; what cannot be placed cannot be placed with more in it either. */
static int walk_counts(const struct places *p, uint8_t counts[GPU_PROFILES_MAX], unsigned from, layout_visit_counts visit, void *context) {
        int r = visit(counts, context);
        for (unsigned i = from; !r && i < p->model->profile_count; i++) {
                const struct room room = room_new(p);
                counts[i]++;
                if (search_any(p, &room, counts))
                        r = walk_counts(p, counts, i, visit, context);
                counts[i]--;
        }
        return r;
}

int layout_each_multiset(const struct gpu_model *model, layout_visit_counts visit, void *context) {
        struct places p;
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        places_init(&p, model);
        return walk_counts(&p, counts, 0, visit, context);
}
