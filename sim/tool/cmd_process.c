/* process: simulated processes on the GPUs. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "io/file/file.h"
#include "sim/node/process.h"
#include "sim/tool/folder.h"
#include "sim/tool/scenario.h"
#include "sim/tool/show.h"
#include "sim/tool/start.h"
#include "sim/tool/tool.h"
#include "sim/tool/words.h"

struct args {
        const char *slice, *memory, *name;
        unsigned gpu, pid, kind, sm, memory_bandwidth, encoder, decoder;
};

/* One start or end, on its way into the folder and back. */
struct change {
        const struct args *args;
        struct node_process process;
        uint32_t end_pid;
};

static int start(struct node *n, void *context, uint64_t now_us, struct err *e) {
        struct change *c = context;
        struct place at = { (uint8_t)c->args->gpu, NODE_NONE, NODE_NONE };
        unsigned gpu = c->args->gpu == TOOL_UNSET ? NODE_NONE : c->args->gpu;
        int r;

        if (gpu != NODE_NONE && (r = place_check_gpu(n, gpu, e)) < 0)
                return r;
        if (c->args->slice && (r = place_read(n, gpu, c->args->slice, &at, e)) < 0)
                return r;
        return start_process(n, &at, &c->process, now_us, e);
}

static int end(struct node *n, void *context, uint64_t now_us, struct err *e) {
        const struct change *c = context;

        if (process_end(n, c->end_pid, now_us) != NVML_SUCCESS)
                return err_set(e, ERR_NOT_FOUND, "no process %u uses a GPU", c->end_pid);
        return 0;
}

static int run_start(const struct cmd_run *run, struct err *e) {
        const struct args *args = run->args;
        struct change change = { .args = args,
                                 .process = { .pid = args->pid,
                                              .kind = (uint8_t)args->kind,
                                              .sm_percent = (uint8_t)args->sm,
                                              .memory_percent = (uint8_t)args->memory_bandwidth,
                                              .encoder_percent = (uint8_t)args->encoder,
                                              .decoder_percent = (uint8_t)args->decoder } };
        int64_t bytes = 0;
        char line[32];
        int r;

        if (run->operand_count > 2)
                return err_set(e, ERR_USAGE, "start takes no pid here: use --pid");
        if (args->gpu == TOOL_UNSET && !args->slice)
                return err_set(e, ERR_USAGE, "say where the process starts: --gpu, --slice or both");
        if (args->memory && ((r = quantity_value(args->memory, &bytes, e)) < 0 || bytes > SCENARIO_MEMORY_MAX))
                return err_set(e, ERR_USAGE, "--memory: '%s' is not a quantity as 4Gi or 500Mi", args->memory);
        if (strlen(args->name) >= sizeof change.process.name)
                return err_set(e, ERR_USAGE, "--name: longer than %d bytes", NODE_NAME_MAX - 1);
        change.process.memory_bytes = (uint64_t)bytes;
        snprintf(change.process.name, sizeof change.process.name, "%s", args->name);
        if ((r = folder_edit(run->operands[0], start, &change, e)) < 0)
                return r;
        int length = snprintf(line, sizeof line, "%u\n", change.process.pid);
        return file_write("-", line, (size_t)length, e);
}

static int run_end(const struct cmd_run *run, struct err *e) {
        struct change change = { 0 };
        char *rest = NULL;

        if (run->operand_count < 3)
                return err_set(e, ERR_USAGE, "name the pid of the process that ends");
        unsigned long pid = strtoul(run->operands[2], &rest, 10);
        if (*run->operands[2] < '0' || *run->operands[2] > '9' || *rest || pid == 0 || pid > UINT32_MAX)
                return err_set(e, ERR_USAGE, "'%s' is not a pid", run->operands[2]);
        change.end_pid = (uint32_t)pid;
        return folder_edit(run->operands[0], end, &change, e);
}

static int run_list(const struct cmd_run *run, struct err *e) {
        _cleanup_free_ struct node *n = mem_alloc(sizeof *n);
        int r = folder_read(run->operands[0], n, e);

        return r < 0 ? r : show_write(run, n, &show_processes, e);
}

static const struct {
        const char *name;
        int (*run)(const struct cmd_run *run, struct err *e);
} verbs[] = { { "start", run_start }, { "end", run_end }, { "list", run_list } };

static const char *verb_at(size_t i) {
        return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static int run_process(const struct cmd_run *run, struct err *e) {
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r < 0)
                return r;
        for (unsigned i = 0; run->operand_count > 1 && i < ARRAY_SIZE(verbs); i++)
                if (!strcmp(verbs[i].name, run->operands[1]))
                        return verbs[i].run(run, e);
        return err_set(e, ERR_USAGE, "say what to do behind the folder: start, end or list");
}

static void set_defaults(void *a) {
        *(struct args *)a = (struct args){ .gpu = TOOL_UNSET, .name = "python3" };
}

static const char *kind_at(size_t i) {
        return words_process_kinds[i];
}

#define FIELD(field) offsetof(struct args, field)
#define PERCENT(option, field, text)                                                                                                       \
        { .name = option, .value = VALUE_COUNT, .arg = "PCT", .help = text, .offset = FIELD(field), .max = 100 }
static const struct cmd_option options[] = {
        { .name = "Of start:" },
        { .name = "gpu",
          .letter = 'g',
          .value = VALUE_COUNT,
          .arg = "I",
          .help = "On this GPU",
          .offset = FIELD(gpu),
          .max = NODE_GPUS_MAX - 1 },
        { .name = "slice",
          .letter = 's',
          .value = VALUE_TEXT,
          .arg = "SLICE",
          .help = "On this slice: its UUID, GPU:MIG as 0:1 or, with --gpu, its MIG index or place as 1g.10gb@0",
          .offset = FIELD(slice) },
        { .name = "pid",
          .letter = 'p',
          .value = VALUE_COUNT,
          .arg = "PID",
          .help = "Its pid (default: one is drawn)",
          .offset = FIELD(pid),
          .min = 1,
          .max = 4194304 },
        { .name = "name", .value = VALUE_TEXT, .arg = "NAME", .help = "Its name (default python3)", .offset = FIELD(name) },
        { .name = "kind",
          .value = VALUE_WORD,
          .arg = "KIND",
          .help = "compute (the default), graphics or mps",
          .offset = FIELD(kind),
          .words = kind_at,
          .word_is = "compute, graphics or mps" },
        { .name = "memory",
          .letter = 'm',
          .value = VALUE_TEXT,
          .arg = "QUANTITY",
          .help = "GPU memory it holds, as 4Gi",
          .offset = FIELD(memory) },
        PERCENT("sm", sm, "How busy it keeps the SMs of its slice (or GPU)"),
        PERCENT("memory-bandwidth", memory_bandwidth, "The same for memory bandwidth"),
        PERCENT("encoder", encoder, "The same for the video encoders"),
        PERCENT("decoder", decoder, "The same for the video decoders"),
        { 0 },
};
#undef PERCENT
#undef FIELD

const struct cmd cmd_process = {
        .name = "process",
        .operands = "DIR start|end|list [PID]",
        .operands_max = 3,
        .operand_words = verb_at,
        .operand_words_at = 1,
        .summary = "Start, end and list processes on the GPUs",
        .description =
                "start prints the pid. A pid may use several GPUs and slices: start it on each. end takes it from all of them. Nothing "
                "runs: a process here is what NVML says of one.",
        .examples = "  pid=$(carve-sim process node start --gpu 0 --memory 4Gi --sm 50)\n"
                    "  carve-sim process node start --slice 0:1 --name vllm\n"
                    "  carve-sim process node end $pid",
        .formats = 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_YAML,
        .options = options,
        .args_bytes = sizeof(struct args),
        .set_defaults = set_defaults,
        .run = run_process,
};
