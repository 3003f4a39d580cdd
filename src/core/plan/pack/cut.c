#include "core/plan/pack/cut.h"

#include <string.h>

#include "base/mem.h"

/* ---- order ---- */

static int by_gpu(const void *a, const void *b) {
        const struct cut_slot *x = a, *y = b;

        if (x->gpu != y->gpu)
                return x->gpu < y->gpu ? -1 : 1;
        return x->size != y->size ? (x->size < y->size ? 1 : -1) : 0;
}

static int by_mode_and_size(const void *a, const void *b) {
        const struct cut_slot *x = a, *y = b;

        if (x->mode != y->mode)
                return x->mode < y->mode ? -1 : 1;
        if (x->size != y->size)
                return x->size < y->size ? 1 : -1;
        return x->gpu < y->gpu ? -1 : x->gpu > y->gpu;
}

/* The slots of one GPU within a list by GPU. */
struct gpu_slots {
        const struct cut_slot *slots;
        uint32_t count;
        uint8_t gpu;
};

static int compare_gpus(const struct gpu_slots *a, const struct gpu_slots *b) {
        if (a->slots[0].mode != b->slots[0].mode)
                return a->slots[0].mode < b->slots[0].mode ? -1 : 1;
        for (uint32_t i = 0; i < MIN(a->count, b->count); i++)
                if (a->slots[i].size != b->slots[i].size)
                        return a->slots[i].size < b->slots[i].size ? 1 : -1;
        return a->count != b->count ? (a->count < b->count ? 1 : -1) : 0;
}

/* Needs slots by GPU, none without any. */
static void order_gpus(const struct cut_slot *slots, uint32_t count, uint8_t ret_order[PACK_GPUS_MAX]) {
        struct gpu_slots gpus[PACK_GPUS_MAX];
        unsigned n = 0;

        for (uint32_t i = 0; i < count;) {
                struct gpu_slots here = { .slots = &slots[i], .gpu = slots[i].gpu };
                while (i < count && slots[i].gpu == here.gpu) {
                        here.count++;
                        i++;
                }
                unsigned at = n++;
                for (; at > 0 && compare_gpus(&here, &gpus[at - 1]) < 0; at--)
                        gpus[at] = gpus[at - 1];
                gpus[at] = here;
        }
        for (unsigned i = 0; i < n; i++)
                ret_order[gpus[i].gpu] = (uint8_t)i;
}

void cut_make(const struct pack_problem *problem, uint32_t type, struct cut_slot *slots, uint32_t count, struct cut *ret_cut,
              uint8_t ret_order[PACK_GPUS_MAX]) {
        uint32_t used = 0;

        for (uint32_t i = 0; i < count; i++)
                used |= 1u << slots[i].gpu;
        for (uint8_t g = 0; g < problem->types[type].gpus; g++)
                if (!(used >> g & 1))
                        slots[count++] = (struct cut_slot){ .mode = GPU_WHOLE, .gpu = g, .size = 1000 };
        qsort(slots, count, sizeof *slots, by_gpu);
        order_gpus(slots, count, ret_order);
        for (uint32_t i = 0; i < count; i++)
                slots[i].gpu = ret_order[slots[i].gpu];
        qsort(slots, count, sizeof *slots, by_mode_and_size);
        *ret_cut = (struct cut){ .type = type, .count = count, .slots = slots };
}

int cut_compare(const struct cut *a, const struct cut *b) {
        if (a->type != b->type)
                return a->type < b->type ? -1 : 1;
        if (a->count != b->count)
                return a->count < b->count ? -1 : 1;
        return memcmp(a->slots, b->slots, a->count * sizeof *a->slots);
}

/* ---- pods and slots ---- */

struct cut_slot cut_slot_for(const struct pack_item *item, uint16_t option) {
        if (item->gpus > 0)
                return (struct cut_slot){ .mode = GPU_WHOLE, .size = 1000 };
        const struct pack_option *o = &item->options[option];
        return (struct cut_slot){ .mode = (uint8_t)o->mode, .size = o->mode == GPU_MIG ? o->profile->index : o->milli };
}

void cut_of_column(const struct pack_problem *problem, const struct column *column, struct cut_slot *slots, struct cut *ret_cut) {
        uint8_t order[PACK_GPUS_MAX];
        uint32_t n = 0;

        for (uint32_t p = 0; p < column->pod_count; p++) {
                const struct pack_item *item = &problem->items[column->pods[p].item];
                for (unsigned g = 0; g < MAX(item->gpus, 1u); g++) {
                        slots[n] = cut_slot_for(item, column->pods[p].option);
                        slots[n++].gpu = (uint8_t)(column->pods[p].gpu + g);
                }
        }
        cut_make(problem, column->type, slots, n, ret_cut, order);
}

struct wish { /* a pod that looks for slots */
        struct cut_slot slot;
        uint32_t pod;
        uint8_t gpus;
};

static int by_wish(const void *a, const void *b) {
        const struct wish *x = a, *y = b;

        return by_mode_and_size(&x->slot, &y->slot);
}

/* Both lists go by falling size, so the n-th largest share needs no more than the n-th largest slot: the next slot or none. */
bool cut_holds(const struct pack_problem *problem, const struct cut *cut, const struct column_pod *pods, uint32_t pod_count,
               uint16_t *ret_slots) {
        struct wish wishes[CUT_SLOTS_MAX];
        uint32_t next = 0;

        for (uint32_t p = 0; p < pod_count; p++)
                wishes[p] = (struct wish){ .slot = cut_slot_for(&problem->items[pods[p].item], pods[p].option),
                                           .pod = p,
                                           .gpus = (uint8_t)MAX(problem->items[pods[p].item].gpus, 1u) };
        if (pod_count > 1)
                qsort(wishes, pod_count, sizeof *wishes, by_wish);
        for (uint32_t i = 0; i < pod_count; i++) {
                const struct cut_slot *want = &wishes[i].slot;
                while (next < cut->count &&
                       (cut->slots[next].mode < want->mode ||
                        (want->mode == GPU_MIG && cut->slots[next].mode == GPU_MIG && cut->slots[next].size > want->size)))
                        next++;
                uint32_t last = next + wishes[i].gpus - 1u;
                if (last >= cut->count || cut->slots[last].mode != want->mode || cut->slots[next].size < want->size)
                        return false;
                if (ret_slots)
                        ret_slots[wishes[i].pod] = (uint16_t)next;
                next = last + 1;
        }
        return true;
}

/* ---- join ---- */

static uint32_t slots_of_gpu(const struct cut *cut, unsigned gpu, struct cut_slot *ret_slots) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < cut->count; i++)
                if (cut->slots[i].gpu == gpu)
                        ret_slots[n++] = cut->slots[i];
        return n;
}

static uint32_t join_shares(const struct cut_slot *a, uint32_t a_count, const struct cut_slot *b, uint32_t b_count, struct cut_slot *ret) {
        uint32_t n = MAX(a_count, b_count), sum = 0;

        for (uint32_t i = 0; i < n; i++) {
                ret[i] = i < a_count ? a[i] : b[i];
                if (i < b_count && b[i].size > ret[i].size)
                        ret[i].size = b[i].size;
                sum += ret[i].size;
        }
        return sum <= 1000 ? n : 0;
}

static uint32_t join_mig(const struct gpu_model *model, const struct cut_slot *a, uint32_t a_count, const struct cut_slot *b,
                         uint32_t b_count, struct cut_slot *ret) {
        uint8_t counts[GPU_PROFILES_MAX] = { 0 }, of_b[GPU_PROFILES_MAX] = { 0 };
        struct layout layout;
        struct err e;
        uint32_t n = 0, most = 0;

        for (uint32_t i = 0; i < a_count; i++)
                counts[a[i].size]++;
        for (uint32_t i = 0; i < b_count; i++)
                of_b[b[i].size]++;
        for (unsigned p = 0; p < GPU_PROFILES_MAX; p++) {
                counts[p] = MAX(counts[p], of_b[p]);
                most += counts[p];
        }
        if (most > LAYOUT_SLICES_MAX || layout_place(model, counts, &layout, &e) < 0)
                return 0;
        for (unsigned p = 0; p < GPU_PROFILES_MAX; p++)
                for (unsigned k = 0; k < counts[p]; k++)
                        ret[n++] = (struct cut_slot){ .mode = GPU_MIG, .gpu = a->gpu, .size = (uint16_t)p };
        return n;
}

bool cut_join(const struct pack_problem *problem, const struct cut *a, const struct cut *b, struct cut_slot *slots, struct cut *ret_join) {
        struct cut_slot of_a[CUT_SLOTS_MAX], of_b[CUT_SLOTS_MAX];
        uint8_t order[PACK_GPUS_MAX];
        uint32_t n = 0;

        for (unsigned g = 0; g < problem->types[a->type].gpus; g++) {
                uint32_t a_count = slots_of_gpu(a, g, of_a), b_count = slots_of_gpu(b, g, of_b);
                if (of_a[0].mode != of_b[0].mode)
                        return false;
                uint32_t joined = of_a[0].mode == GPU_MIG ? join_mig(problem->types[a->type].gpu, of_a, a_count, of_b, b_count, &slots[n])
                                                          : join_shares(of_a, a_count, of_b, b_count, &slots[n]);
                if (joined == 0)
                        return false;
                n += joined;
        }
        cut_make(problem, a->type, slots, n, ret_join, order);
        return true;
}
