/* plan_choice: lists of words from the command line become the bits and numbers that the planner wants. */
#include <sched.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "cmd/plan_args.h"

#define THREADS_MAX 64

const char *plan_type_at(size_t index) {
        return index < instance_type_count() ? instance_type_at(index)->name : NULL;
}

/* The catalogue keeps the types of a family together. */
const char *plan_family_at(size_t index) {
        const char *last = "";

        for (size_t i = 0; i < instance_type_count(); i++) {
                const char *family = instance_type_at(i)->family;
                if (strcmp(family, last) && index-- == 0)
                        return family;
                last = family;
        }
        return NULL;
}

const char *plan_gpu_at(size_t index) {
        return index < gpu_model_count() ? gpu_model_at(index)->key : NULL;
}

bool plan_gpu_known(const char *name) {
        return gpu_model_find(name) != NULL;
}

const char *plan_arch_at(size_t index) {
        static const char *const words[] = { [ARCH_AMD64] = "amd64", [ARCH_ARM64] = "arm64" };

        return index < ARRAY_SIZE(words) ? words[index] : NULL;
}

const char *plan_capacity_at(size_t index) {
        return index <= CAPACITY_SPOT ? capacity_type_name((enum capacity_type)index) : NULL;
}

const char *plan_mode_at(size_t index) {
        return index < GPU_MODE_MAX ? gpu_mode_name((enum gpu_mode)index) : NULL;
}

static uint64_t bits(const struct cmd_list *list, cmd_words words) {
        uint64_t all = 0;

        for (unsigned i = 0; i < list->count; i++)
                for (size_t j = 0; words(j); j++)
                        if (!strcmp(words(j), list->items[i]))
                                all |= 1ull << j;
        return all;
}

static void choose_gpus(const struct plan_args *args, struct plan_options *o) {
        for (unsigned i = 0; i < args->gpus.count; i++)
                o->gpus_allowed |= 1ull << gpu_model_index(gpu_model_find(args->gpus.items[i]));
}

static bool listed(const struct cmd_list *list, const char *word) {
        for (unsigned i = 0; i < list->count; i++)
                if (!strcmp(list->items[i], word))
                        return true;
        return false;
}

/* A type is allowed when it is named, or its family is. */
static void choose_types(const struct plan_args *args, struct plan_options *o) {
        for (size_t i = 0; i < instance_type_count(); i++) {
                const struct instance_type *type = instance_type_at(i);
                if (listed(&args->types, type->name) || listed(&args->families, type->family))
                        o->types_allowed[i / 64] |= 1ull << i % 64;
        }
}

static int choose_share_sizes(const struct plan_args *args, struct plan_choice *c, struct err *e) {
        const struct cmd_list *list = &args->share_sizes;

        if (list->count > PLAN_SHARE_SIZES_MAX)
                return err_set(e, ERR_USAGE, "--share-sizes: more than %d sizes", PLAN_SHARE_SIZES_MAX);
        for (unsigned i = 0; i < list->count; i++) {
                int64_t bytes = 0, mib = 0;
                int r = quantity_value(list->items[i], &bytes, e);
                if (r == 0)
                        r = quantity_mib(list->items[i], &mib, e);
                if (r == 0 && (bytes < 1 << 20 || mib > UINT32_MAX))
                        r = err_set(e, ERR_USAGE, "'%s' is not the size of a share: write 2Gi, say", list->items[i]);
                if (r < 0) {
                        err_wrap(e, "--share-sizes");
                        e->code = ERR_USAGE;
                        return -ERR_USAGE;
                }
                c->share_sizes_mib[i] = (uint32_t)mib;
        }
        c->options.share_size_count = list->count;
        return 0;
}

/* As many as this process may run on. */
static unsigned processors(void) {
        cpu_set_t set;

        return sched_getaffinity(0, sizeof set, &set) == 0 ? MIN((unsigned)CPU_COUNT(&set), (unsigned)THREADS_MAX) : 1;
}

int plan_choice_make(const struct plan_args *args, struct plan_choice *ret_choice, struct err *e) {
        struct plan_choice *c = ret_choice;

        if (args->gpu_spec && !args->trace)
                return err_set(e, ERR_USAGE, "--gpu-spec belongs to --trace");
        *c = (struct plan_choice){ .options = {
                                           .arch_allowed = (uint8_t)bits(&args->arch, plan_arch_at),
                                           .modes = (uint8_t)bits(&args->modes, plan_mode_at),
                                           .capacity = args->capacity,
                                           .region = args->region,
                                           .headroom_percent = args->headroom,
                                           .max_pools = args->max_pools,
                                           .gap = args->gap / 100,
                                           .time_limit_seconds = args->time_limit,
                                           .threads = args->threads ? args->threads : processors(),
                                           .below_request = args->below_request,
                                           .honour_trace_gpus = args->gpu_spec,
                                   } };
        choose_gpus(args, &c->options);
        choose_types(args, &c->options);
        return choose_share_sizes(args, c, e);
}
