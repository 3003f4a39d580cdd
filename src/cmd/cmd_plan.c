/* plan: what slicing would save, as a report. */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/plan_args.h"
#include "core/report/report.h"
#include "io/file/file.h"

static void print_text(const struct plan *plan, const struct report_style *style, struct buf *out) {
        report_text(plan, style, out);
}

static void print_json(const struct plan *plan, const struct report_style *style, struct buf *out) {
        (void)style;
        report_json(plan, out);
}

static void print_yaml(const struct plan *plan, const struct report_style *style, struct buf *out) {
        (void)style;
        report_yaml(plan, out);
}

static void print_html(const struct plan *plan, const struct report_style *style, struct buf *out) {
        (void)style;
        report_html(plan, out);
}

static int write_report(const struct cmd_run *run, const struct plan *plan, enum cmd_format format, const char *file, struct err *e) {
        static void (*const print[FORMAT_MAX])(const struct plan *, const struct report_style *, struct buf *) = {
                [FORMAT_TEXT] = print_text,
                [FORMAT_JSON] = print_json,
                [FORMAT_YAML] = print_yaml,
                [FORMAT_HTML] = print_html,
        };
        const struct report_style style = { .color = run->color, .columns = run->columns, .verbose = run->common.verbose > 0 };
        struct buf out = BUF(REPORT_BYTES_MAX);

        print[format](plan, &style, &out);
        int r = buf_overflowed(&out) ? err_set(e, ERR_INPUT, "the %s report would be larger than %u MiB: plan parts of the input",
                                               cmd_format_name(format), REPORT_BYTES_MAX >> 20)
                                     : file_write(file, buf_text(&out), out.length, e);
        buf_done(&out);
        return r;
}

static int write_explanation(const struct cmd_run *run, const struct plan *plan, const char *name, struct err *e) {
        const struct report_style style = { .color = run->color, .columns = run->columns };
        struct buf out = BUF(REPORT_BYTES_MAX);
        size_t workload;
        int r = plan_find_workload(plan, name, &workload, e);

        if (r < 0)
                return r;
        report_explain(plan, workload, &style, &out);
        r = file_write(run->common.outputs.items[0].file, buf_text(&out), out.length, e);
        buf_done(&out);
        return r;
}

static int write_reports(const struct cmd_run *run, const struct plan *plan, struct err *e) {
        const struct plan_args *args = run->args;
        int r = 0;

        if (args->explain)
                return write_explanation(run, plan, args->explain, e);
        for (unsigned i = 0; i < run->common.outputs.count && r >= 0; i++)
                r = write_report(run, plan, run->common.outputs.items[i].format, run->common.outputs.items[i].file, e);
        return r;
}

static int make_plan(const struct cmd_run *run, const struct plan_choice *choice, const struct plan_input *input, struct plan *ret_plan,
                     struct err *e) {
        struct plan_options options = choice->options;
        struct plan_watch watch;

        options.share_sizes_mib = choice->share_sizes_mib;
        plan_watch_begin(&watch, !run->common.quiet && !run->common.log_format && isatty(STDERR_FILENO));
        struct pack_env env = plan_watch_env(&watch);
        int r = plan_make(&input->demand, &options, input->prices, &env, ret_plan, e);
        plan_watch_end(&watch);
        return r;
}

/* A reader of the report alone must know it too. */
static void note_usage(const struct plan_input *input, struct plan *plan) {
        const struct usage_result *usage = &input->usage;

        if (usage->rows == usage->matched)
                return;
        const char **notes = arena_alloc(&plan->arena, (plan->note_count + 1) * sizeof *notes);
        for (size_t i = 0; i < plan->note_count; i++)
                notes[i] = plan->notes[i];
        notes[plan->note_count++] = arena_printf(&plan->arena, "%zu of %zu rows of the usage file match no workload: %s",
                                                 usage->rows - usage->matched, usage->rows, usage->unmatched);
        plan->notes = notes;
}

static int run_plan(const struct cmd_run *run, struct err *e) {
        const struct plan_args *args = run->args;
        struct plan_choice choice;
        struct plan_input input;
        struct plan plan;
        int r;

        if (args->explain && (run->common.outputs.count > 1 || run->common.outputs.items[0].format != FORMAT_TEXT))
                return err_set(e, ERR_USAGE, "--explain prints text only");
        if ((r = plan_choice_make(args, &choice, e)) < 0 || (r = plan_input_read(run, &input, e)) < 0)
                return r;
        r = make_plan(run, &choice, &input, &plan, e);
        if (r >= 0) {
                note_usage(&input, &plan);
                r = write_reports(run, &plan, e);
                plan_done(&plan);
        }
        plan_input_done(&input);
        return r;
}

static void set_defaults(void *a) {
        *(struct plan_args *)a = (struct plan_args){
                .region = PRICE_REGION_DEFAULT,
                .headroom = 20,
                .gap = 0.1,
                .time_limit = 12,
        };
}

#define FIELD(field) offsetof(struct plan_args, field)
static const struct cmd_option options[] = {
        { .name = "What to plan for:" },
        { .name = "trace",
          .value = VALUE_FILE,
          .arg = "FILE",
          .help = "Read a cluster trace (CSV: cpu_milli, memory_mib, num_gpu, gpu_milli and optionally count) instead of Kubernetes "
                  "objects",
          .offset = FIELD(trace) },
        { .name = "gpu-spec",
          .value = VALUE_SWITCH,
          .help = "Let the gpu_spec column of a trace restrict the GPU models",
          .offset = FIELD(gpu_spec) },
        { .name = "usage",
          .value = VALUE_FILE,
          .arg = "FILE",
          .help = "What monitoring measured (CSV), for right-sizing",
          .offset = FIELD(usage) },
        { .name = "policy",
          .value = VALUE_FILE,
          .arg = "FILE",
          .help = "What people decided (YAML), over what carve would choose",
          .offset = FIELD(policy) },

        { .name = "What may be bought:" },
        { .name = "instance-types",
          .value = VALUE_LIST,
          .arg = "TYPES",
          .help = "Only these EC2 instance types, as g6.xlarge,g6.2xlarge; with --instance-families: these and those",
          .offset = FIELD(types),
          .words = plan_type_at,
          .word_is = "a GPU instance type that carve knows" },
        { .name = "instance-families",
          .value = VALUE_LIST,
          .arg = "FAMILIES",
          .help = "Only these families, as g6,gr6",
          .offset = FIELD(families),
          .words = plan_family_at,
          .word_is = "a GPU instance family that carve knows" },
        { .name = "gpus",
          .value = VALUE_LIST,
          .arg = "GPUS",
          .help = "Only instances with these GPUs, as l4,H100-80GB",
          .offset = FIELD(gpus),
          .words = plan_gpu_at,
          .knows = plan_gpu_known,
          .word_is = "a GPU model that carve knows" },
        { .name = "arch",
          .value = VALUE_LIST,
          .arg = "ARCHS",
          .help = "amd64 (the default), arm64 or both; pods that state none run on any of these",
          .offset = FIELD(arch),
          .words = plan_arch_at,
          .word_is = "amd64 or arm64" },
        { .name = "capacity-type",
          .value = VALUE_WORD,
          .arg = "TYPE",
          .help = "on-demand (the default) or spot",
          .offset = FIELD(capacity),
          .words = plan_capacity_at,
          .word_is = "on-demand or spot" },
        { .name = "region",
          .value = VALUE_TEXT,
          .arg = "REGION",
          .help = "Whose prices count (default " PRICE_REGION_DEFAULT ")",
          .offset = FIELD(region) },
        { .name = "prices",
          .value = VALUE_FILE,
          .arg = "FILE",
          .help = "Prices over the built-in ones (CSV: instance_type, region, capacity_type, usd_per_hour)",
          .offset = FIELD(prices) },

        { .name = "How to slice:" },
        { .name = "modes",
          .value = VALUE_LIST,
          .arg = "MODES",
          .help = "Only these of whole, mig, mps and time-slicing",
          .offset = FIELD(modes),
          .words = plan_mode_at,
          .word_is = "a mode: whole, mig, mps or time-slicing" },
        { .name = "headroom",
          .value = VALUE_NUMBER,
          .arg = "PCT",
          .help = "Add so much to measured memory and compute (default 20)",
          .offset = FIELD(headroom),
          .max = 1000 },
        { .name = "below-request",
          .value = VALUE_SWITCH,
          .help = "Allow a slice smaller than what the workload declares, if less was measured",
          .offset = FIELD(below_request) },
        { .name = "share-sizes",
          .value = VALUE_LIST,
          .arg = "SIZES",
          .help = "Offer shares of these sizes only, as 2Gi,4Gi,8Gi",
          .offset = FIELD(share_sizes) },
        { .name = "max-pools",
          .value = VALUE_COUNT,
          .arg = "N",
          .help = "Use at most N distinct pairs of instance type and GPU layout",
          .offset = FIELD(max_pools),
          .min = 1,
          .max = 100000 },

        { .name = "How long to search:" },
        { .name = "gap",
          .value = VALUE_NUMBER,
          .arg = "PCT",
          .help = "Stop when the plan is proved to be at most so far above the cheapest possible (default 0.1)",
          .offset = FIELD(gap),
          .max = 100 },
        { .name = "time-limit",
          .value = VALUE_NUMBER,
          .arg = "SECONDS",
          .help = "Stop with the best plan so far (default 12; 0 = no limit)",
          .offset = FIELD(time_limit),
          .max = 1e6 },
        { .name = "threads",
          .value = VALUE_COUNT,
          .arg = "N",
          .help = "Use so many threads (default: as many as there are processors)",
          .offset = FIELD(threads),
          .min = 1,
          .max = 64 },

        { .name = "What to show:" },
        { .name = "explain",
          .value = VALUE_TEXT,
          .arg = "WORKLOAD",
          .help = "Instead of the report, walk through the decision for one workload (NAME, NAMESPACE/NAME or KIND/NAME)",
          .offset = FIELD(explain) },
        { 0 },
};
#undef FIELD

const struct cmd cmd_plan = {
        .name = "plan",
        .operands = "[FILE|DIR|-]...",
        .operands_max = 65536,
        .summary = "Find what slicing GPUs would save, and prove how good the plan is",
        .description = "Reads Kubernetes objects (YAML or JSON; folders are searched for .yaml, .yml and .json files; '-' is standard "
                       "input) or a trace, and prints what the GPUs cost "
                       "today, what they would cost sliced, which workload gets which slice and why, which instances to buy, and how far "
                       "that is from the cheapest plan that can "
                       "exist. Nothing is changed anywhere.\n\n"
                       "Ctrl-C ends the search with the best plan so far.",
        .examples = "  carve plan manifests/ --usage usage.csv\n"
                    "  kubectl get deploy,sts,job,hpa -A -o yaml | carve plan -\n"
                    "  carve plan --trace trace.csv --gpus l4 -o text -o html=plan.html",
        .formats = 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_YAML | 1u << FORMAT_HTML,
        .options = options,
        .args_bytes = sizeof(struct plan_args),
        .set_defaults = set_defaults,
        .run = run_plan,
};
