/* new: make the folder of a simulated node. */
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/near.h"
#include "io/file/file.h"
#include "sim/node/driver.h"
#include "sim/store/store.h"
#include "sim/tool/fields.h"
#include "sim/tool/folder.h"
#include "sim/tool/scenario.h"
#include "sim/tool/tool.h"

struct args {
        const char *model, *driver, *layout;
        unsigned gpus;
        double seed; /* -1: not given */
        bool mig, force;
};

static const char *model_at(size_t i) {
        return i < gpu_model_count() ? gpu_model_at(i)->key : NULL;
}

static int find_model(const char *name, const struct gpu_model **ret, struct err *e) {
        struct near near = near_to(name);
        char hint[NEAR_HINT_MAX];

        for (size_t i = 0; model_at(i); i++)
                near_offer(&near, model_at(i));
        if (!(*ret = gpu_model_find(name)))
                return err_set(e, ERR_USAGE, "--model: no GPU model '%s' is known%s", name, near_hint(&near, hint));
        return 0;
}

/* What --model and the options beside it say, as a scenario of one entry. */
static int from_options(const struct args *args, struct scenario *s, struct err *e) {
        struct scenario_gpu *gpu = &s->gpus[0];
        int r = find_model(args->model, &s->gpus[0].model, e);

        if (r < 0)
                return r;
        const struct gpu_model *model = gpu->model;
        scenario_gpu_init(gpu);
        gpu->model = model;
        gpu->count = args->gpus ? args->gpus : 1;
        gpu->mig = args->mig;
        s->gpu_count = 1;
        if (args->mig && !gpu_has_mig(model))
                return err_set(e, ERR_USAGE, "--mig: %s has no MIG", model->key);
        if (args->layout && scenario_layout("--layout", (struct text_place){ 0, 0 }, args->layout, gpu, e) < 0) {
                e->code = ERR_USAGE;
                return -ERR_USAGE;
        }
        return 0;
}

static int check_options(const struct cmd_run *run, struct err *e) {
        const struct args *args = run->args;
        bool file = run->operand_count > 1;

        if (file && (args->model || args->gpus || args->mig || args->layout))
                return err_set(e, ERR_USAGE, "a scenario says what GPUs there are: --model, --gpus, --mig and --layout do not go with one");
        if (!file && !args->model)
                return err_set(e, ERR_USAGE, "name a scenario, or a GPU model with --model");
        if (args->seed > 0 && args->seed > (double)(int64_t)args->seed)
                return err_set(e, ERR_USAGE, "--seed: a seed is a whole number");
        return 0;
}

static int make_node(const struct cmd_run *run, struct scenario *s, struct node *n, struct err *e) {
        const struct args *args = run->args;
        struct doc_reader *reader = NULL;
        _cleanup_free_ char *text = NULL;
        struct err why;
        size_t bytes;
        int r;

        scenario_init(s, run->operand_count > 1 ? run->operands[1] : "carve-sim");
        if (run->operand_count > 1) {
                if ((r = file_read(run->operands[1], SCENARIO_BYTES_MAX, &text, &bytes, e)) >= 0)
                        r = scenario_read(run->operands[1], text, bytes, &reader, s, e);
        } else {
                r = from_options(args, s, e);
        }
        if (r >= 0 && args->driver && driver_whole(args->driver, &s->settings.driver, &why) < 0)
                r = err_set(e, ERR_USAGE, "--driver: %s", why.text);
        if (args->seed >= 0)
                s->settings.seed = (int64_t)args->seed;
        if (r >= 0)
                r = scenario_build(s, folder_now_us(), n, e);
        doc_reader_free(reader);
        return r;
}

static int run_new(const struct cmd_run *run, struct err *e) {
        _cleanup_free_ struct scenario *s = mem_alloc(sizeof *s);
        _cleanup_free_ struct node *n = mem_zalloc(1, sizeof *n);
        const struct args *args = run->args;
        const char *dir;
        int r;

        if ((r = tool_dir(run, &dir, e)) < 0 || (r = check_options(run, e)) < 0 || (r = make_node(run, s, n, e)) < 0)
                return r;
        if ((r = store_create(dir, n, args->force, e)) < 0)
                return r;
        log_info("%s: %u GPUs, driver %s", dir, n->gpu_count, n->driver);
        return 0;
}

static void set_defaults(void *a) {
        *(struct args *)a = (struct args){ .seed = -1 };
}

#define FIELD(field) offsetof(struct args, field)
static const struct cmd_option options[] = {
        { .name = "Without a scenario:" },
        { .name = "model",
          .value = VALUE_TEXT,
          .arg = "GPU",
          .help = "The GPUs' model, as A100-80GB or l4",
          .offset = FIELD(model),
          .words = model_at },
        { .name = "gpus",
          .value = VALUE_COUNT,
          .arg = "N",
          .help = "So many of them (default 1)",
          .offset = FIELD(gpus),
          .min = 1,
          .max = NODE_GPUS_MAX },
        { .name = "mig", .value = VALUE_SWITCH, .help = "Switch MIG on", .offset = FIELD(mig) },
        { .name = "layout",
          .value = VALUE_TEXT,
          .arg = "SLICES",
          .help = "Cut each GPU so, as 3g.40gb@4,1g.10gb:2",
          .offset = FIELD(layout) },

        { .name = "Always:" },
        { .name = "driver",
          .value = VALUE_TEXT,
          .arg = "VERSION",
          .help = "Version of the driver (default: the scenario's, else " SCENARIO_DRIVER ")",
          .offset = FIELD(driver) },
        { .name = "seed",
          .value = VALUE_NUMBER,
          .arg = "N",
          .help = "What UUIDs, serial numbers, pids and jitter are drawn from (default: the scenario's, else 1)",
          .offset = FIELD(seed),
          .max = (double)SCENARIO_SEED_MAX },
        { .name = "force", .value = VALUE_SWITCH, .help = "Throw away the node that is in the folder", .offset = FIELD(force) },
        { 0 },
};
#undef FIELD

const struct cmd cmd_new = {
        .name = "new",
        .operands = "DIR [SCENARIO.yaml]",
        .operands_max = 2,
        .summary = "Make a simulated node",
        .description =
                "DIR becomes the folder of a node, whole or not at all. What its GPUs are stands in a scenario ('-' is standard input; "
                "docs/reference/scenario.md) or in options. The same scenario and seed make the same node; nodes that are to be told "
                "apart need seeds of their own.",
        .examples = "  carve-sim new node examples/scenarios/p4d.yaml\n"
                    "  carve-sim new node --model H100-80GB --gpus 8 --layout 3g.40gb,1g.10gb",
        .options = options,
        .args_bytes = sizeof(struct args),
        .set_defaults = set_defaults,
        .run = run_new,
};
