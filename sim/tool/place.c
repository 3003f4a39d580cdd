#include "sim/tool/place.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sim/node/mig.h"

static const struct node_gi *gi_of(const struct node *n, const struct place *place) {
        return &n->gpus[place->gpu].gi[place->gi_slot];
}

static unsigned live_cis(const struct node_gi *gi) {
        unsigned count = 0;

        for (unsigned i = 0; i < NODE_CIS_MAX; i++)
                count += gi->ci[i].live;
        return count;
}

/* Instances in the order of their places, so that lists do not depend on the order of creation. */
static unsigned slots_by_start(const struct node_gpu *gpu, uint8_t slots[NODE_GIS_MAX]) {
        unsigned count = 0;

        for (uint8_t i = 0; i < NODE_GIS_MAX; i++) {
                if (!gpu->gi[i].live)
                        continue;
                unsigned at = count++;
                for (; at > 0 && gpu->gi[slots[at - 1]].start > gpu->gi[i].start; at--)
                        slots[at] = slots[at - 1];
                slots[at] = i;
        }
        return count;
}

bool place_next(const struct node *n, unsigned gpu, unsigned *step, struct place *ret_place) {
        uint8_t slots[NODE_GIS_MAX];
        unsigned count = slots_by_start(&n->gpus[gpu], slots);

        for (; *step < count * NODE_CIS_MAX; (*step)++) {
                uint8_t slot = slots[*step / NODE_CIS_MAX], ci = *step % NODE_CIS_MAX;
                const struct node_gi *gi = &n->gpus[gpu].gi[slot];
                bool alone = ci == 0 && live_cis(gi) == 0;
                if (!gi->ci[ci].live && !alone)
                        continue;
                *ret_place = (struct place){ (uint8_t)gpu, slot, alone ? NODE_NONE : ci };
                (*step)++;
                return true;
        }
        return false;
}

void place_print(const struct node *n, const struct place *place, char text[PLACE_TEXT_MAX]) {
        const struct node_gi *gi = gi_of(n, place);
        const struct gpu_profile *profile = &node_model(&n->gpus[place->gpu])->profiles[gi->profile];

        if (place->ci_slot != NODE_NONE && live_cis(gi) > 1)
                snprintf(text, PLACE_TEXT_MAX, "%s@%u/%u", profile->name, gi->start, gi->ci[place->ci_slot].id);
        else
                snprintf(text, PLACE_TEXT_MAX, "%s@%u", profile->name, gi->start);
}

int place_check_gpu(const struct node *n, int64_t gpu, struct err *e) {
        if (gpu < n->gpu_count)
                return 0;
        if (n->gpu_count == 1)
                return err_set(e, ERR_NOT_FOUND, "no GPU %ld: the node has GPU 0 alone", (long)gpu);
        return err_set(e, ERR_NOT_FOUND, "no GPU %ld: the node has GPUs 0 to %d", (long)gpu, n->gpu_count - 1);
}

static int no_slice(const struct node *n, unsigned gpu, const char *text, struct err *e) {
        struct buf there = BUF(ERR_TEXT_MAX / 2);
        char name[PLACE_TEXT_MAX];
        struct place place;

        for (unsigned step = 0; place_next(n, gpu, &step, &place);) {
                place_print(n, &place, name);
                buf_printf(&there, "%s%s", there.length ? ", " : "", name);
        }
        int r = err_set(e, ERR_NOT_FOUND, "GPU %u has no slice %s: %s%s", gpu, text, there.length ? "it has " : "it has none",
                        buf_text(&there));
        buf_done(&there);
        return r;
}

/* "3g.40gb@4" finds the instance itself or its first compute instance, "3g.40gb@4/1" the compute instance of that id. */
static bool is_named(const struct node *n, const struct place *place, const char *text) {
        const struct node_gi *gi = gi_of(n, place);
        const char *name = node_model(&n->gpus[place->gpu])->profiles[gi->profile].name;
        char with_id[PLACE_TEXT_MAX], without[PLACE_TEXT_MAX];

        snprintf(without, sizeof without, "%s@%u", name, gi->start);
        snprintf(with_id, sizeof with_id, "%s@%u/%u", name, gi->start, place->ci_slot == NODE_NONE ? 0 : gi->ci[place->ci_slot].id);
        return !strcasecmp(text, without) || !strcasecmp(text, with_id);
}

static int by_place(const struct node *n, unsigned gpu, const char *text, struct place *ret_place, struct err *e) {
        struct place place;

        for (unsigned step = 0; place_next(n, gpu, &step, &place);)
                if (is_named(n, &place, text)) {
                        *ret_place = place;
                        return 0;
                }
        return no_slice(n, gpu, text, e);
}

static int by_index(const struct node *n, unsigned gpu, unsigned index, const char *text, struct place *ret_place, struct err *e) {
        unsigned gi, ci;

        if (!mig_device_at(&n->gpus[gpu], index, &gi, &ci))
                return no_slice(n, gpu, text, e);
        *ret_place = (struct place){ (uint8_t)gpu, (uint8_t)gi, (uint8_t)ci };
        return 0;
}

static int by_uuid(const struct node *n, unsigned gpu, const char *text, struct place *ret_place, struct err *e) {
        char uuid[MIG_UUID_MAX];
        struct place place;

        for (unsigned g = 0; g < n->gpu_count; g++)
                for (unsigned step = 0; place_next(n, g, &step, &place);) {
                        if (place.ci_slot == NODE_NONE)
                                continue;
                        mig_device_uuid(n, g, place.gi_slot, place.ci_slot, uuid);
                        if (strcasecmp(uuid, text) != 0)
                                continue;
                        if (gpu != NODE_NONE && gpu != g)
                                return err_set(e, ERR_USAGE, "%s is a slice of GPU %u, not of GPU %u", text, g, gpu);
                        *ret_place = place;
                        return 0;
                }
        return err_set(e, ERR_NOT_FOUND, "no slice has the UUID %s", text);
}

/* A whole number of at most four digits and nothing behind it, or with a ':' behind it. */
static bool number(const char **text, unsigned *ret_number) {
        size_t digits = strspn(*text, "0123456789");

        if (digits == 0 || digits > 4)
                return false;
        *ret_number = (unsigned)strtoul(*text, NULL, 10);
        *text += digits;
        return true;
}

int place_read(const struct node *n, unsigned gpu, const char *text, struct place *ret_place, struct err *e) {
        const char *rest = text;
        unsigned first, second;

        if (!strncasecmp(text, "MIG-", 4))
                return by_uuid(n, gpu, text, ret_place, e);
        bool counted = number(&rest, &first);
        if (counted && *rest == ':' && (rest++, number(&rest, &second)) && !*rest) {
                int r = place_check_gpu(n, first, e);
                if (r < 0)
                        return r;
                if (gpu != NODE_NONE && gpu != first)
                        return err_set(e, ERR_USAGE, "%s is a slice of GPU %u, not of GPU %u", text, first, gpu);
                return by_index(n, first, second, text, ret_place, e);
        }
        if (gpu != NODE_NONE && counted && !*rest)
                return by_index(n, gpu, first, text, ret_place, e);
        if (gpu != NODE_NONE && strchr(text, '@'))
                return by_place(n, gpu, text, ret_place, e);
        return err_set(e, ERR_USAGE, "'%s' names no slice: expected its UUID, GPU:MIG as 0:1%s", text,
                       gpu == NODE_NONE ? "" : ", its MIG index or its place as 1g.10gb@0");
}
