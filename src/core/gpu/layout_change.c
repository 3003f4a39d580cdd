#include "core/gpu/layout_change.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/gpu/layout_search.h"
#include "core/gpu/room.h"

/* Wanted slices that nothing tells apart. */
struct kind {
        struct change_to slice;
        unsigned count;
        uint8_t members[LAYOUT_SLICES_MAX]; /* indexes of the wanted slices */
        unsigned used;                      /* members that present slices have become so far */
};

struct search {
        const struct places *places;
        const struct change_from *from;
        unsigned from_count;
        uint32_t idle_too; /* slices of `from` that count as idle, whatever they say */
        struct kind kinds[LAYOUT_SLICES_MAX];
        unsigned kind_count;
        uint8_t now[LAYOUT_SLICES_MAX]; /* the kind that each present slice becomes, or CHANGE_GOES */
        bool any;                       /* one way will do, the best is not needed */
        bool found;
        uint8_t best[LAYOUT_SLICES_MAX];
        struct layout best_after;
        unsigned best_destroyed, best_left;
};

struct compute_cut compute_whole(const struct gpu_profile *profile) {
        struct compute_cut cut = { 0 };

        cut.of[MIN(profile->compute_slices, COMPUTE_SLICES_MAX)] = 1;
        return cut;
}

bool compute_equal(const struct compute_cut *a, const struct compute_cut *b) {
        return memcmp(a, b, sizeof *a) == 0;
}

static bool busy(const struct search *s, unsigned i) {
        return s->from[i].busy && !(s->idle_too >> i & 1);
}

/* Can the present slice become one of this kind as it stands? */
static bool can_become(const struct search *s, unsigned i, const struct kind *kind) {
        const struct change_from *from = &s->from[i];

        return kind->used < kind->count && kind->slice.profile == from->slice.profile &&
               (kind->slice.start == CHANGE_ANYWHERE || kind->slice.start == from->slice.start) &&
               compute_equal(&from->cut, &kind->slice.cut);
}

/* The slices that stay with all that are to be made: those with a place of their own first, the rest where they leave the most room. */
static bool place_all(const struct search *s, struct layout *layout) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 };
        struct err e;

        for (unsigned i = 0; i < s->from_count; i++)
                if (s->now[i] != CHANGE_GOES && layout_add(layout, s->from[i].slice, &e) < 0)
                        return false;
        for (unsigned k = 0; k < s->kind_count; k++) {
                const struct kind *kind = &s->kinds[k];
                unsigned left = kind->count - kind->used;
                if (kind->slice.start == CHANGE_ANYWHERE)
                        counts[kind->slice.profile->index] = (uint8_t)(counts[kind->slice.profile->index] + left);
                else
                        for (; left > 0; left--)
                                if (layout_add(layout, (struct slice){ kind->slice.profile, kind->slice.start }, &e) < 0)
                                        return false;
        }
        const struct room room = room_of(layout, s->places);
        return search_best(s->places, &room, counts, layout);
}

static void keep_if_better(struct search *s, unsigned destroyed) {
        struct layout layout = { .model = s->places->model };

        if (!place_all(s, &layout))
                return;
        const struct room room = room_of(&layout, s->places);
        unsigned left = room_places(&room, s->places);
        if (s->found && destroyed == s->best_destroyed && left <= s->best_left)
                return;
        s->found = true;
        s->best_destroyed = destroyed;
        s->best_left = left;
        s->best_after = layout;
        memcpy(s->best, s->now, sizeof s->best);
}

/* Slice i and those behind it: each becomes one of the wanted, or goes. */
static void search(struct search *s, unsigned i, unsigned destroyed) {
        if (s->found && (s->any || destroyed > s->best_destroyed))
                return;
        if (i == s->from_count) {
                keep_if_better(s, destroyed);
                return;
        }
        for (unsigned k = 0; k < s->kind_count; k++) {
                struct kind *kind = &s->kinds[k];
                if (!can_become(s, i, kind))
                        continue;
                s->now[i] = (uint8_t)k;
                kind->used++;
                search(s, i + 1, destroyed);
                kind->used--;
        }
        if (!busy(s, i)) {
                s->now[i] = CHANGE_GOES;
                search(s, i + 1, destroyed + 1);
        }
}

static bool same_kind(const struct change_to *a, const struct change_to *b) {
        return a->profile == b->profile && a->start == b->start && compute_equal(&a->cut, &b->cut);
}

static void add_kinds(struct search *s, const struct change_to *to, unsigned to_count) {
        for (unsigned i = 0; i < to_count; i++) {
                unsigned k = 0;
                while (k < s->kind_count && !same_kind(&s->kinds[k].slice, &to[i]))
                        k++;
                if (k == s->kind_count)
                        s->kinds[s->kind_count++] = (struct kind){ .slice = to[i] };
                s->kinds[k].members[s->kinds[k].count++] = (uint8_t)i;
        }
}

static bool possible_if_idle(struct search *s, uint32_t idle) {
        s->idle_too = idle;
        s->any = true;
        s->found = false;
        search(s, 0, 0);
        return s->found;
}

/* The wanted slices alone, on an empty GPU: fills in why they cannot be there. */
static int check_alone(const struct places *places, const struct change_to *to, unsigned to_count, struct err *e) {
        struct layout layout = { .model = places->model };
        struct search s = { .places = places };
        int r = 0;

        for (unsigned i = 0; i < to_count && r >= 0; i++)
                if (to[i].start != CHANGE_ANYWHERE)
                        r = layout_add(&layout, (struct slice){ to[i].profile, to[i].start }, e);
        add_kinds(&s, to, to_count);
        layout = (struct layout){ .model = places->model };
        if (r < 0 || place_all(&s, &layout))
                return r;

        char text[LAYOUT_TEXT_MAX] = "";
        size_t used = 0;
        for (unsigned k = 0; k < s.kind_count && used < sizeof text; k++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%u x %s", k ? ", " : "", s.kinds[k].count,
                                         s.kinds[k].slice.profile->name);
        return err_set(e, ERR_IMPOSSIBLE, "the %s cannot hold %s at the same time", places->model->key, text);
}

/* Fewest first: all sets of one slice in use, then all of two, … */
static uint32_t fewest_blockers(struct search *s) {
        for (unsigned size = 1; size <= s->from_count; size++)
                for (uint32_t set = 1; set < UINT32_C(1) << s->from_count; set++) {
                        bool all_busy = true;
                        for (unsigned i = 0; i < s->from_count; i++)
                                all_busy &= !(set >> i & 1) || s->from[i].busy;
                        if (all_busy && (unsigned)__builtin_popcount(set) == size && possible_if_idle(s, set))
                                return set;
                }
        return 0;
}

static int check_counts(unsigned from_count, unsigned to_count, const struct gpu_model *model, struct err *e) {
        if (from_count <= LAYOUT_SLICES_MAX && to_count <= LAYOUT_SLICES_MAX)
                return 0;
        return err_set(e, ERR_IMPOSSIBLE, "the %s cannot hold %u slices", model->key, MAX(from_count, to_count));
}

int layout_change_blockers(const struct gpu_model *model, const struct change_from *from, unsigned from_count, const struct change_to *to,
                           unsigned to_count, uint32_t *ret_blockers, struct err *e) {
        struct places places;
        int r = check_counts(from_count, to_count, model, e);

        if (r < 0)
                return r;
        places_init(&places, model);
        if ((r = check_alone(&places, to, to_count, e)) < 0)
                return r;
        struct search s = { .places = &places, .from = from, .from_count = from_count };
        add_kinds(&s, to, to_count);
        *ret_blockers = possible_if_idle(&s, 0) ? 0 : fewest_blockers(&s);
        return 0;
}

/* Hand each present slice that stays its wanted slice, and the others their places. */
static void fill(const struct search *s, struct kind *kinds, struct change *c) {
        bool placed[LAYOUT_SLICES_MAX] = { false }; /* slices of c->after */

        for (unsigned i = 0; i < s->from_count; i++) {
                c->becomes[i] = CHANGE_GOES;
                if (s->best[i] == CHANGE_GOES)
                        continue;
                struct kind *kind = &kinds[s->best[i]];
                uint8_t wanted = kind->members[kind->used++];
                c->becomes[i] = wanted;
                c->starts[wanted] = s->from[i].slice.start;
                c->stays[wanted] = true;
                for (unsigned a = 0; a < c->after.count; a++)
                        placed[a] |= c->after.slices[a].start == s->from[i].slice.start;
        }
        for (unsigned pass = 0; pass < 2; pass++) /* those with a place of their own take it first */
                for (unsigned k = 0; k < s->kind_count; k++)
                        for (struct kind *kind = &kinds[k]; (kind->slice.start == CHANGE_ANYWHERE) == pass && kind->used < kind->count;) {
                                uint8_t wanted = kind->members[kind->used++];
                                unsigned a = 0;
                                while (placed[a] || c->after.slices[a].profile != kind->slice.profile ||
                                       (!pass && c->after.slices[a].start != kind->slice.start))
                                        a++;
                                placed[a] = true;
                                c->starts[wanted] = c->after.slices[a].start;
                        }
}

static int refuse(const struct change_from *from, uint32_t blockers, struct err *e) {
        char text[LAYOUT_TEXT_MAX] = "";
        size_t used = 0;
        bool several = blockers & (blockers - 1);

        for (unsigned i = 0; i < LAYOUT_SLICES_MAX && used < sizeof text; i++)
                if (blockers >> i & 1)
                        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s at %u", used ? ", " : "",
                                                 from[i].slice.profile->name, from[i].slice.start);
        return err_set(e, ERR_AGAIN, "in use and in the way: %s. It can be done once %s idle", text, several ? "they are" : "it is");
}

int layout_change(const struct gpu_model *model, const struct change_from *from, unsigned from_count, const struct change_to *to,
                  unsigned to_count, struct change *ret_change, struct err *e) {
        struct places places;
        uint32_t blockers = 0;
        int r = layout_change_blockers(model, from, from_count, to, to_count, &blockers, e);

        if (r < 0)
                return r;
        if (blockers)
                return refuse(from, blockers, e);
        places_init(&places, model);
        struct search s = { .places = &places, .from = from, .from_count = from_count };
        add_kinds(&s, to, to_count);
        search(&s, 0, 0);

        struct change c = { .after = s.best_after, .destroyed = s.best_destroyed };
        c.created = to_count - (from_count - s.best_destroyed);
        fill(&s, s.kinds, &c);
        *ret_change = c;
        return 0;
}
