#include "core/plan/choice.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "core/plan/why.h"

struct choice_interned {
        UT_hash_handle hh;
        struct choice_list list; /* the key is its options */
};

struct choice_named {
        UT_hash_handle hh;
        uint32_t group;
        char key[];
};

static uint32_t find_group(struct choices *c, enum gpu_mode mode, const char *profile, uint32_t mib) {
        char key[64];
        struct choice_named *named;

        snprintf(key, sizeof key, "%d/%s", (int)mode, profile);
        HASH_FIND_STR(c->named, key, named);
        if (named)
                return named->group;
        MEM_GROW(c->groups, c->group_count, c->group_capacity);
        named = arena_zalloc(&c->arena, sizeof *named + strlen(key) + 1);
        memcpy(named->key, key, strlen(key) + 1);
        named->group = (uint32_t)c->group_count;
        c->groups[c->group_count++] = (struct choice_group){ .mode = mode, .profile = arena_strdup(c->world.arena, profile), .mib = mib };
        HASH_ADD_KEYPTR(hh, c->named, named->key, strlen(named->key), named);
        return named->group;
}

static const struct choice_list *intern(struct choices *c, const struct pack_option *options, uint32_t count) {
        size_t bytes = count * sizeof *options;
        struct choice_interned *known;

        HASH_FIND(hh, c->interned, options, bytes, known);
        if (known)
                return &known->list;
        known = arena_zalloc(&c->arena, sizeof *known + bytes);
        known->list.count = count;
        memcpy(known->list.options, options, bytes);
        HASH_ADD_KEYPTR(hh, c->interned, known->list.options, bytes, known);
        return &known->list;
}

/* Options are compared byte by byte: no padding may differ. */
static struct pack_option *new_option(struct pack_option *options, uint32_t *count, const struct gpu_model *gpu) {
        struct pack_option *o = &options[(*count)++];

        memset(o, 0, sizeof *o);
        o->gpu = gpu;
        return o;
}

const char *choice_share_text(uint16_t milli, char text[CHOICE_SHARE_TEXT]) {
        snprintf(text, CHOICE_SHARE_TEXT, "%um", milli);
        return text;
}

static const struct market_gpu *gpu_of(const struct market *m, const struct gpu_model *model) {
        for (size_t i = 0; i < m->gpu_count; i++)
                if (m->gpus[i].model == model)
                        return &m->gpus[i];
        return NULL;
}

/* Give `o`, the least a pod needs on a GPU, the name and size of `group`. False if that is too small, or more than the GPU. */
static bool rename_option(const struct choices *c, const struct choice *choice, uint32_t group, struct pack_option *o) {
        const struct choice_group *least = &c->groups[o->group], *name = &c->groups[group];

        if (o->group == group)
                return true;
        o->group = group;
        if (group == CHOICE_WHOLE) {
                o->mode = GPU_MPS;
                o->milli = 1000;
                o->profile = NULL;
                return true;
        }
        if (least->mode != name->mode)
                return false;
        if (name->mode == GPU_MIG) {
                const struct gpu_profile *profile = gpu_profile_find(o->gpu, name->profile);
                if (!profile || profile->memory_mib < o->profile->memory_mib || profile->sm < o->profile->sm)
                        return false;
                o->profile = profile;
                return true;
        }
        uint32_t milli = size_milli(name->mib, gpu_of(c->world.market, o->gpu)->usable_mib, o->mode) * choice->slices;
        if (least->mib == 0 || name->mib < least->mib || milli > 1000)
                return false;
        o->milli = (uint16_t)milli;
        return true;
}

const struct choice_list *choices_only(struct choices *c, const struct choice *choice, uint32_t group) {
        struct pack_option options[PACK_OPTIONS_MAX];
        uint32_t count = 0;

        for (uint32_t i = 0; i < choice->list->count; i++) {
                bool had = false; /* a GPU with two ways to have it (MIG and a share) is listed once */
                for (uint32_t k = 0; k < count; k++)
                        had |= options[k].gpu == choice->list->options[i].gpu;
                memcpy(&options[count], &choice->list->options[i], sizeof *options);
                if (!had && rename_option(c, choice, group, &options[count]))
                        count++;
        }
        return intern(c, options, count);
}

static const struct gpu_profile *pick_profile(const struct choice *choice, const struct workload *w, const struct gpu_model *gpu) {
        const struct gpu_request *request = &w->request;
        bool only_this = request->kind == REQUEST_MIG && (choice->need.measured_mib == 0 || strpbrk(request->profile, "+-"));
        bool full = choice->answer.modes == MODE_BIT(GPU_MIG);

        return only_this ? gpu_profile_find(gpu, request->profile) : size_profile(&choice->need, gpu, w->graphics, full);
}

/* How the workload can be sliced on one GPU model. */
static void add_slices(struct choices *c, const struct choice *choice, const struct workload *w, const struct market_gpu *gpu,
                       struct pack_option *options, uint32_t *count) {
        uint8_t modes = choice->answer.modes;
        enum gpu_mode mode = modes & MODE_BIT(GPU_MPS) && gpu->model->mps ? GPU_MPS : GPU_TIME_SLICING;
        struct share share;

        if (gpu->fraction)
                return;
        if (modes & MODE_BIT(GPU_MIG) && gpu_has_mig(gpu->model) && choice->slices == 1 && *count < PACK_OPTIONS_MAX) {
                const struct gpu_profile *profile = pick_profile(choice, w, gpu->model);
                if (profile) {
                        struct pack_option *o = new_option(options, count, gpu->model);
                        o->mode = GPU_MIG;
                        o->profile = profile;
                        o->group = find_group(c, GPU_MIG, profile->name, 0);
                }
        }
        if (!(modes & MODE_BIT(mode)) || *count == PACK_OPTIONS_MAX)
                return;
        unsigned clients = MAX(1u, w->containers_with_gpu / choice->slices);
        if (size_share(&choice->need, gpu->model, gpu->usable_mib, mode, clients, &c->world.rules, &share) &&
            share.milli * choice->slices <= 1000) {
                char profile[32];
                if (choice->need.exact)
                        choice_share_text(share.milli, profile);
                else
                        snprintf(profile, sizeof profile, "%ugb", (share.mib + 1023) / 1024);
                struct pack_option *o = new_option(options, count, gpu->model);
                o->mode = mode;
                o->milli = (uint16_t)(share.milli * choice->slices);
                o->group = find_group(c, mode, profile, share.mib);
        }
}

/* Which models the workload may use at all, by gpu_model_index(). */
static uint64_t models_allowed(const struct choices *c, const struct workload *w) {
        uint64_t models = w->gpus_allowed ?: UINT64_MAX;

        if (c->world.options->honour_trace_gpus && w->trace_gpus)
                models &= w->trace_gpus_allowed;
        return models;
}

static bool nothing_named(const struct workload *w) {
        uint64_t any = 0;

        for (size_t i = 0; i < ARRAY_SIZE(w->types_allowed); i++)
                any |= w->types_allowed[i];
        return !any;
}

/* The market types that its restrictions leave, whatever its size. */
static struct market_set types_allowed(const struct choices *c, const struct workload *w) {
        uint8_t capacities = w->capacity_allowed ?: (uint8_t)(1u << c->world.options->capacity);
        uint8_t archs = w->arch_allowed ?: c->world.options->arch_allowed ?: 1u << ARCH_AMD64;
        uint64_t models = models_allowed(c, w);
        struct market_set set = { 0 };

        for (size_t i = 0; i < c->world.market->type_count; i++) {
                const struct market_type *t = &c->world.market->types[i];
                size_t index = instance_type_index(t->type);
                if (!(capacities >> t->capacity & 1) || !(archs >> t->type->arch & 1) || !(models >> gpu_model_index(t->type->gpu) & 1))
                        continue;
                if (nothing_named(w) || w->types_allowed[index / 64] >> (index % 64) & 1)
                        market_add(&set, i);
        }
        return set;
}

struct market_set choice_types(const struct market *m, const struct choice_list *list) {
        struct market_set set = { 0 };

        for (uint32_t i = 0; i < list->count; i++)
                for (size_t g = 0; g < m->gpu_count; g++)
                        for (size_t b = 0; m->gpus[g].model == list->options[i].gpu && b < ARRAY_SIZE(set.bits); b++)
                                set.bits[b] |= m->gpus[g].types.bits[b];
        return set;
}

/* A GPU that ran something of unknown size is replaced only by one that is not smaller. */
static bool as_good(const struct gpu_model *gpu, const struct gpu_model *ran_on) {
        return !ran_on || gpu == ran_on || (gpu->memory_mib >= ran_on->memory_mib && gpu->fp16_tflops >= ran_on->fp16_tflops);
}

static bool holds_whole(const struct choice *choice, const struct workload *w, const struct market_gpu *gpu) {
        struct need need = choice->need;

        if (need.exact)
                return true;
        if (!need_known(&need) || choice->gpus > 1)
                return !gpu->fraction && as_good(gpu->model, w->usage.gpu);
        if (w->request.kind != REQUEST_GPUS && choice->slices == 1) /* several slices of one container */
                need.memory_mib *= MAX(1u, w->request.count);
        return size_fits_whole(&need, gpu->model, gpu->usable_mib);
}

/* A pod that asked for several slices has one whole GPU instead, if that holds them. */
static void choose_whole(const struct choices *c, struct choice *choice, const struct workload *w) {
        struct market_set holding = { 0 };

        choice->gpus = w->request.kind == REQUEST_GPUS ? (uint8_t)MIN(w->request.count, UINT8_MAX) : 1;
        choice->slices = 1;
        choice->list = NULL;
        for (size_t i = 0; i < c->world.market->gpu_count; i++)
                for (size_t b = 0; holds_whole(choice, w, &c->world.market->gpus[i]) && b < ARRAY_SIZE(holding.bits); b++)
                        holding.bits[b] |= c->world.market->gpus[i].types.bits[b];
        choice->types = market_both(&choice->types, &holding);
}

/* One list of all ways on all GPUs; a GPU that cannot give it a slice may still give itself. */
static void choose_slices(struct choices *c, struct choice *choice, const struct workload *w) {
        struct pack_option options[PACK_OPTIONS_MAX];
        uint32_t count = 0, whole = 0;

        for (size_t i = 0; i < c->world.market->gpu_count; i++) {
                const struct market_gpu *gpu = &c->world.market->gpus[i];
                struct market_set types = market_both(&choice->types, &gpu->types);
                uint32_t before = count;
                if (market_empty(&types))
                        continue;
                add_slices(c, choice, w, gpu, options, &count);
                if (count > before || count == PACK_OPTIONS_MAX || !(choice->answer.modes & MODE_BIT(GPU_WHOLE)) || choice->slices > 1 ||
                    !holds_whole(choice, w, gpu))
                        continue;
                struct pack_option *o = new_option(options, &count, gpu->model);
                o->mode = GPU_MPS;
                o->milli = 1000;
                o->group = CHOICE_WHOLE;
                whole++;
        }
        if (count > whole) {
                choice->list = intern(c, options, count);
                struct market_set types = choice_types(c->world.market, choice->list);
                choice->types = market_both(&choice->types, &types);
                return;
        }
        choice->answer = (struct mode_answer){ .modes = MODE_BIT(GPU_WHOLE), .rule = &mode_too_large };
        choose_whole(c, choice, w);
}

static uint64_t models_of(const struct market *m, const struct market_set *types) {
        uint64_t models = 0;

        for (size_t i = 0; i < m->type_count; i++)
                if (market_has(types, i))
                        models |= UINT64_C(1) << gpu_model_index(m->types[i].type->gpu);
        return models;
}

static void finish(const struct choices *c, struct choice *choice, const struct workload *w, const struct market_set *allowed) {
        uint32_t gpus = choice->list ? 1 : MAX(choice->gpus, w->request.kind == REQUEST_GPUS ? w->request.count : 1);

        choice->models = models_of(c->world.market, &choice->types);
        struct market_set fit = market_fit(c->world.market, &choice->types, w->cpu_milli, w->memory_mib, gpus);
        if (w->impossible)
                choice->unplaced = w->impossible;
        else if (market_empty(&fit))
                choice->unplaced = why_unplaced(c, w, choice, allowed, gpus);
        choice->types = fit;
}

static void choose_for(struct choices *c, const struct workload *w, const struct need *need, struct choice *choice) {
        struct mode_question question = { .workload = w, .need = need, .modes_allowed = c->world.options->modes };
        struct market_set allowed = types_allowed(c, w);
        bool shared_out = w->request.kind != REQUEST_GPUS && mode_slices_shared_out(w);

        *choice = (struct choice){ .need = *need,
                                   .answer = mode_choose(&question),
                                   .slices = shared_out ? (uint16_t)MIN(w->request.count, 1000u) : 1,
                                   .types = allowed };
        if (w->request.kind == REQUEST_MIG && !need_known(need)) /* a profile that no GPU has, so nothing tells what would do */
                choice->types = (struct market_set){ 0 };
        if (choice->answer.modes == MODE_BIT(GPU_WHOLE))
                choose_whole(c, choice, w);
        else
                choose_slices(c, choice, w);
        finish(c, choice, w, &allowed);
}

static void choose(struct choices *c, const struct workload *w, struct choice *choice) {
        struct need need = size_need(w, c->world.demand->is_trace, &c->world.rules);
        struct need rounded = size_round(&need, c->world.grain, !c->world.down);

        choose_for(c, w, &rounded, choice);
        if (c->world.grain > 0 && (choice->unplaced || choice->answer.rule == &mode_too_large)) /* that is the rounding's fault */
                choose_for(c, w, &need, choice);
        choice->need = need;
}

/* Today a pod has the GPUs it names, of the model it was seen on. */
static void choose_today(struct choices *c, const struct workload *w, struct choice *choice) {
        struct market_set allowed = types_allowed(c, w), held = { 0 };

        choice->need = (struct need){ .tflops = -1, .fraction = -1, .activity = -1 };
        choice->answer.modes = MODE_BIT(GPU_WHOLE);
        choice->gpus = w->request.kind == REQUEST_GPUS ? (uint8_t)MIN(w->request.count, UINT8_MAX) : 1;
        choice->slices = 1;
        for (size_t i = 0; i < c->world.market->type_count; i++) {
                const struct market_gpu *gpu = &c->world.market->gpus[c->world.market->types[i].gpu];
                if (!gpu->fraction && (!w->usage.gpu || gpu->model == w->usage.gpu))
                        market_add(&held, i);
        }
        choice->types = market_both(&allowed, &held);
        if (market_empty(&choice->types)) /* it was measured on a GPU that may not be bought now */
                choice->types = allowed;
        finish(c, choice, w, &allowed);
}

static void make(struct choices *c, const struct choice_world *world,
                 void (*one)(struct choices *, const struct workload *, struct choice *)) {
        *c = (struct choices){ .world = *world, .items = mem_zalloc(MAX(world->demand->count, 1u), sizeof *c->items) };
        find_group(c, GPU_WHOLE, "whole", 0); /* CHOICE_WHOLE */
        for (size_t i = 0; i < c->world.demand->count; i++)
                one(c, &c->world.demand->workloads[i], &c->items[i]);
}

void choices_make(struct choices *c, const struct choice_world *world) {
        make(c, world, choose);
}

void choices_make_today(struct choices *c, const struct choice_world *world) {
        make(c, world, choose_today);
}

void choices_done(struct choices *c) {
        HASH_CLEAR(hh, c->interned);
        HASH_CLEAR(hh, c->named);
        arena_done(&c->arena);
        free(c->items);
        free(c->groups);
        *c = (struct choices){ 0 };
}
