#include "core/report/view.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

/* --- names ------------------------------------------------------------------------------------------------------------------------ */

struct name_use {
        const char *name;
        uint32_t uses; /* base names: how many workloads have it; final names: the number the next one of it gets */
        UT_hash_handle hh;
};

static struct name_use *use_of(struct arena *a, struct name_use **uses, const char *name) {
        struct name_use *use;

        HASH_FIND_STR(*uses, name, use);
        if (!use) {
                use = arena_zalloc(a, sizeof *use);
                use->name = name;
                HASH_ADD_KEYPTR(hh, *uses, name, strlen(name), use);
        }
        return use;
}

static const char *base_name(struct arena *a, const struct workload *w) {
        return w->namespace && *w->namespace ? arena_printf(a, "%s/%s", w->namespace, w->name) : arena_strdup(a, w->name);
}

/* `wanted`, or with "#2", "#3" … behind it the first that nobody has. */
static const char *free_name(struct arena *a, struct name_use **taken, const char *wanted) {
        struct name_use *use = use_of(a, taken, wanted);

        if (use->uses++ == 0)
                return wanted;
        for (;;) {
                const char *numbered = arena_printf(a, "%s#%u", wanted, use->uses);
                struct name_use *other = use_of(a, taken, numbered);
                if (other->uses++ == 0)
                        return numbered;
                use->uses++;
        }
}

static void make_names(struct view *v) {
        const struct plan *p = v->plan;
        struct name_use *bases = NULL, *taken = NULL;

        v->names = arena_zalloc(&v->arena, (p->workload_count + 1) * sizeof *v->names);
        for (size_t i = 0; i < p->workload_count; i++) {
                v->names[i] = base_name(&v->arena, p->workloads[i].demand);
                use_of(&v->arena, &bases, v->names[i])->uses++;
        }
        for (size_t i = 0; i < p->workload_count; i++) {
                const char *kind = p->workloads[i].demand->kind;
                const char *wanted = v->names[i];
                if (use_of(&v->arena, &bases, wanted)->uses > 1 && kind && *kind)
                        wanted = arena_printf(&v->arena, "%s/%s", kind, wanted);
                v->names[i] = free_name(&v->arena, &taken, wanted);
        }
        HASH_CLEAR(hh, bases);
        HASH_CLEAR(hh, taken);
}

/* --- order ------------------------------------------------------------------------------------------------------------------------ */

double view_stake(const struct plan_workload *w) {
        return MAX(w->today_usd_per_hour, w->plan_usd_per_hour);
}

static int dearer_workload(const void *a, const void *b, void *context) {
        const struct plan *p = context;
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        double difference = view_stake(&p->workloads[y]) - view_stake(&p->workloads[x]);

        if (difference != 0)
                return difference > 0 ? 1 : -1;
        return x < y ? -1 : x > y;
}

static void make_order(struct view *v) {
        const struct plan *p = v->plan;

        v->by_money = arena_zalloc(&v->arena, (p->workload_count + 1) * sizeof *v->by_money);
        for (size_t i = 0; i < p->workload_count; i++)
                v->by_money[i] = (uint32_t)i;
        qsort_r(v->by_money, p->workload_count, sizeof *v->by_money, dearer_workload, (void *)p);
}

/* --- purchases -------------------------------------------------------------------------------------------------------------------- */

static int dearer_purchase(const void *a, const void *b) {
        const struct view_purchase *x = a, *y = b;

        if (x->usd_per_hour != y->usd_per_hour)
                return x->usd_per_hour < y->usd_per_hour ? 1 : -1;
        int r = strcmp(x->type->name, y->type->name);
        return r ? r : (int)x->capacity - (int)y->capacity;
}

/* A plan has few types (at most INSTANCE_TYPES_MAX times the capacity types), so looking through them is enough. */
static struct view_purchase *purchase_of(struct view *v, const struct plan_node *n) {
        for (size_t i = 0; i < v->purchase_count; i++)
                if (v->purchases[i].type == n->type && v->purchases[i].capacity == n->capacity)
                        return &v->purchases[i];
        struct view_purchase *new = &v->purchases[v->purchase_count++];
        *new = (struct view_purchase){ .type = n->type, .capacity = n->capacity };
        return new;
}

static void make_purchases(struct view *v) {
        const struct plan *p = v->plan;

        v->purchases = arena_zalloc(&v->arena, (p->node_count + 1) * sizeof *v->purchases);
        for (size_t i = 0; i < p->node_count; i++) {
                const struct plan_node *n = &p->nodes[i];
                struct view_purchase *b = purchase_of(v, n);
                b->groups++;
                b->nodes += n->count;
                b->usd_per_hour += n->count * n->usd_per_hour;
                for (uint32_t g = 0; g < n->gpu_count; g++)
                        *(n->gpus[g].slice_count ? &b->gpus[n->gpus[g].mode] : &b->gpus_empty) += n->count;
                for (uint32_t k = 0; k < n->pod_count; k++)
                        b->pods += (uint64_t)n->count * n->pods[k].count;
                v->nodes += n->count;
                v->gpus += (uint64_t)n->count * n->gpu_count;
        }
        qsort(v->purchases, v->purchase_count, sizeof *v->purchases, dearer_purchase);
}

/* --- all -------------------------------------------------------------------------------------------------------------------------- */

void view_make(const struct plan *p, struct view *ret_view) {
        struct view v = { .plan = p };

        make_names(&v);
        make_order(&v);
        make_purchases(&v);
        for (size_t i = 0; i < p->workload_count; i++) {
                v.pods += p->workloads[i].demand->replicas;
                v.unplaced += p->workloads[i].unplaced;
                v.measured += p->workloads[i].demand->usage.present;
        }
        *ret_view = v;
}

void view_done(struct view *v) {
        arena_done(&v->arena);
}

bool view_same_gpu(const struct plan_gpu *a, const struct plan_gpu *b) {
        if (a->mode != b->mode || a->slice_count != b->slice_count)
                return false;
        for (uint32_t i = 0; i < a->slice_count; i++) {
                const struct plan_slice *x = &a->slices[i], *y = &b->slices[i];
                if (x->workload != y->workload || x->milli != y->milli || x->start != y->start || strcmp(x->profile, y->profile) != 0)
                        return false;
        }
        return true;
}
