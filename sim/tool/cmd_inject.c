/* inject: accidents and faults. */
#include <stddef.h>
#include <string.h>

#include "base/near.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/tool/fields.h"
#include "sim/tool/folder.h"
#include "sim/tool/inject.h"
#include "sim/tool/place.h"
#include "sim/tool/tool.h"
#include "sim/tool/words.h"

#define CLEAR "clear"

struct args {
        const char *slice, *call, *code;
        unsigned gpu, ms, times, count;
        bool uncorrected, dram, compute, off;
};

static int do_inject(struct node *n, void *context, uint64_t now_us, struct err *e) {
        return inject(n, context, now_us, e);
}

/* What stays until it is over. Events and error counters have happened. */
static int do_clear(struct node *n, void *context, uint64_t now_us, struct err *e) {
        const struct injection *i = context;
        int r = place_check_gpu(n, i->gpu, e);

        if (r < 0)
                return r;
        fault_clear(n, i->gpu < 0 ? NODE_NONE : (unsigned)i->gpu);
        for (unsigned g = 0; g < n->gpu_count; g++)
                if (i->gpu < 0 || i->gpu == g) {
                        if (n->gpus[g].lost)
                                event_lost(n, g, false, now_us);
                        n->gpus[g].exclusive_client = 0;
                }
        return 0;
}

static int find_accident(const char *word, int64_t *ret, struct err *e) {
        struct near near = near_to(word);
        char hint[NEAR_HINT_MAX];

        near_offer(&near, CLEAR);
        for (*ret = 0; inject_names[*ret]; ++*ret) {
                if (!strcmp(inject_names[*ret], word))
                        return 0;
                near_offer(&near, inject_names[*ret]);
        }
        return err_set(e, ERR_USAGE, "no accident is called '%s'%s", word, near_hint(&near, hint));
}

static int64_t given(unsigned value) {
        return value == TOOL_UNSET ? FIELD_UNSET : (int64_t)value;
}

/* The XID's number is an operand. */
static int read_xid(const struct cmd_run *run, struct injection *i, struct err *e) {
        if (i->accident == ACCIDENT_XID && run->operand_count > 2) {
                const char *text = run->operands[2];
                if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 5 || strtol(text, NULL, 10) > INJECT_XID_MAX)
                        return err_set(e, ERR_USAGE, "'%s' is not the number of an XID in 0..%d", text, INJECT_XID_MAX);
                i->xid = strtol(text, NULL, 10);
        } else if (run->operand_count > 2) {
                return err_set(e, ERR_USAGE, "one argument too many: '%s'", run->operands[2]);
        }
        return 0;
}

static int run_inject(const struct cmd_run *run, struct err *e) {
        const struct args *args = run->args;
        struct injection i = injection_new();
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r < 0)
                return r;
        if (run->operand_count < 2)
                return err_set(e, ERR_USAGE,
                               "say what happens behind the folder: xid, ecc, lost, hang, slow, fail, fail-create, client or clear");
        bool clear = !strcmp(run->operands[1], CLEAR);
        if (!clear && (r = find_accident(run->operands[1], &i.accident, e)) < 0)
                return r;
        i.gpu = given(args->gpu);
        i.ms = given(args->ms);
        i.times = given(args->times);
        i.count = given(args->count);
        i.uncorrected = args->uncorrected ? 1 : FIELD_UNSET;
        i.dram = args->dram ? 1 : FIELD_UNSET;
        i.compute = args->compute ? 1 : FIELD_UNSET;
        i.off = args->off ? 1 : FIELD_UNSET;
        i.slice = args->slice;
        i.call = args->call;
        i.code = args->code;
        if ((r = read_xid(run, &i, e)) < 0 || (!clear && (r = inject_check(&i, "--", e)) < 0))
                return r;
        return folder_edit(dir, clear ? do_clear : do_inject, &i, e);
}

static void set_defaults(void *a) {
        *(struct args *)a = (struct args){ .gpu = TOOL_UNSET, .ms = TOOL_UNSET, .times = TOOL_UNSET, .count = TOOL_UNSET };
}

static const char *accident_at(size_t i) {
        return i < ACCIDENT_MAX ? inject_names[i] : i == ACCIDENT_MAX ? CLEAR : NULL;
}

#define FIELD(field) offsetof(struct args, field)
static const struct cmd_option options[] = {
        { .name = "Where and what:" },
        { .name = "gpu",
          .letter = 'g',
          .value = VALUE_COUNT,
          .arg = "I",
          .help = "On this GPU (of hang, slow, fail and fail-create: default any)",
          .offset = FIELD(gpu),
          .max = NODE_GPUS_MAX - 1 },
        { .name = "slice",
          .letter = 's',
          .value = VALUE_TEXT,
          .arg = "SLICE",
          .help = "Of xid: on this slice, by UUID, GPU:MIG as 0:1 or, with --gpu, MIG index or place as 1g.10gb@0",
          .offset = FIELD(slice) },
        { .name = "uncorrected",
          .value = VALUE_SWITCH,
          .help = "Of ecc: an error that could not be corrected",
          .offset = FIELD(uncorrected) },
        { .name = "dram", .value = VALUE_SWITCH, .help = "Of ecc: in memory, not in a cache", .offset = FIELD(dram) },
        { .name = "count",
          .value = VALUE_COUNT,
          .arg = "N",
          .help = "Of ecc: so many errors (default 1)",
          .offset = FIELD(count),
          .min = 1,
          .max = INJECT_COUNT_MAX },
        { .name = "call",
          .value = VALUE_TEXT,
          .arg = "NAME",
          .help = "Of hang, slow and fail: only this NVML function",
          .offset = FIELD(call),
          .words = words_call_at },
        { .name = "ms",
          .value = VALUE_COUNT,
          .arg = "MS",
          .help = "Of slow: so long",
          .offset = FIELD(ms),
          .min = 1,
          .max = INJECT_MS_MAX },
        { .name = "code",
          .value = VALUE_TEXT,
          .arg = "CODE",
          .help = "Of fail and fail-create: what NVML answers, as IN_USE or 19",
          .offset = FIELD(code) },
        { .name = "times",
          .value = VALUE_COUNT,
          .arg = "N",
          .help = "Of slow, fail and fail-create: so often, then no more (default: until cleared; of fail-create: 1)",
          .offset = FIELD(times),
          .min = 1,
          .max = INJECT_COUNT_MAX },
        { .name = "compute",
          .value = VALUE_SWITCH,
          .help = "Of fail-create: compute instances, not GPU instances",
          .offset = FIELD(compute) },
        { .name = "off", .value = VALUE_SWITCH, .help = "Of lost and client: it is over", .offset = FIELD(off) },
        { 0 },
};
#undef FIELD

const struct cmd cmd_inject = {
        .name = "inject",
        .operands = "DIR xid|ecc|lost|hang|slow|fail|fail-create|client|clear [XID]",
        .operands_max = 3,
        .operand_words = accident_at,
        .operand_words_at = 1,
        .summary = "Let something go wrong",
        .description =
                "xid: an XID event. ecc: memory errors, counted and told as events. lost: the GPU has fallen off the bus. hang: calls do "
                "not return until cleared. slow: calls take longer. fail: calls answer a code. fail-create: slices cannot be made. "
                "client: a program holds the whole GPU, so that MIG mode cannot be switched. clear: all of that is over, but for what has "
                "happened (xid, ecc).",
        .examples = "  carve-sim inject node xid 79 --gpu 0\n"
                    "  carve-sim inject node slow --ms 5000 --call nvmlDeviceGetHandleByUUID\n"
                    "  carve-sim inject node fail-create --gpu 1 --code IN_USE --times 3\n"
                    "  carve-sim inject node clear",
        .options = options,
        .args_bytes = sizeof(struct args),
        .set_defaults = set_defaults,
        .run = run_inject,
};
