/* plan_input: the files named on the command line become demand, prices, usage and policy. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/plan_args.h"
#include "core/doc/doc.h"
#include "core/plan/demand_k8s.h"
#include "core/plan/demand_trace.h"
#include "core/plan/policy.h"
#include "io/file/file.h"

#define TABLE_BYTES_MAX (256u << 20) /* of a trace, a usage file, a price file */
#define POLICY_BYTES_MAX (16u << 20)

static const char *const suffixes[] = { ".yaml", ".yml", ".json", NULL };

static const char *shown_name(const char *path) {
        return strcmp(path, "-") ? path : "standard input";
}

struct reading {
        struct demand *demand;
        struct k8s_reader *k8s;
        size_t files;
};

static int read_manifests(const char *path, void *context, struct err *e) {
        struct reading *reading = context;
        _cleanup_free_ char *text = NULL;
        const struct doc_node *root;
        size_t bytes;
        int r = file_read(path, DOC_BYTES_MAX, &text, &bytes, e);

        if (r < 0)
                return r;
        reading->files++;
        struct doc_reader *docs = doc_reader_new(shown_name(path), text, bytes);
        while ((r = doc_reader_next(docs, &root, e)) > 0)
                if ((r = k8s_read(reading->k8s, shown_name(path), root, e)) < 0)
                        break;
        doc_reader_free(docs);
        return r;
}

static int read_objects(const struct cmd_run *run, struct demand *demand, struct err *e) {
        struct reading reading = { .demand = demand, .k8s = k8s_reader_new(demand) };
        int r = 0;

        for (size_t i = 0; i < run->operand_count && r >= 0; i++) {
                size_t before = reading.files;
                r = file_walk(run->operands[i], suffixes, read_manifests, &reading, e);
                if (r >= 0 && reading.files == before)
                        r = err_set(e, ERR_INPUT, "%s: no file in it ends in .yaml, .yml or .json", run->operands[i]);
        }
        if (r >= 0)
                r = k8s_finish(reading.k8s, e);
        demand->files = reading.files;
        k8s_reader_free(reading.k8s);
        return r;
}

/* Reads a whole file and hands it to a reader of its kind. */
typedef int (*take_text)(struct plan_input *input, const char *name, const char *text, size_t bytes, struct err *e);

static int read_with(const char *path, size_t max_bytes, take_text take, struct plan_input *input, struct err *e) {
        _cleanup_free_ char *text = NULL;
        size_t bytes;

        if (!path)
                return 0;
        int r = file_read(path, max_bytes, &text, &bytes, e);
        return r < 0 ? r : take(input, shown_name(path), text, bytes, e);
}

static int take_trace(struct plan_input *input, const char *name, const char *text, size_t bytes, struct err *e) {
        int r = demand_read_trace(&input->demand, name, text, bytes, e);

        input->demand.files = 1;
        return r;
}

static int take_prices(struct plan_input *input, const char *name, const char *text, size_t bytes, struct err *e) {
        return price_list_read(input->prices, name, text, bytes, e);
}

static int take_usage(struct plan_input *input, const char *name, const char *text, size_t bytes, struct err *e) {
        return usage_read(&input->demand, name, text, bytes, &input->usage, e);
}

static int take_policy(struct plan_input *input, const char *name, const char *text, size_t bytes, struct err *e) {
        struct doc_reader *docs = doc_reader_new(name, text, bytes);
        const struct doc_node *root;
        unsigned count = 0;
        int r;

        while ((r = doc_reader_next(docs, &root, e)) > 0 && (r = policy_apply(&input->demand, name, root, e)) >= 0)
                count++;
        doc_reader_free(docs);
        if (r == 0 && count == 0)
                return err_set(e, ERR_INPUT, "%s: no policy in it", name);
        return r;
}

static int check_sources(const struct cmd_run *run, struct err *e) {
        const struct plan_args *args = run->args;
        const char *const named[] = { args->trace, args->usage, args->policy, args->prices };
        unsigned inputs = 0;

        if (run->operand_count == 0 && !args->trace)
                return err_set(e, ERR_USAGE, "nothing to plan for: name files or folders of Kubernetes objects, '-', or --trace FILE");
        if (run->operand_count > 0 && args->trace)
                return err_set(e, ERR_USAGE, "a trace stands alone: leave out '%s' or --trace", run->operands[0]);
        for (size_t i = 0; i < run->operand_count; i++)
                inputs += !strcmp(run->operands[i], "-");
        for (size_t i = 0; i < ARRAY_SIZE(named); i++)
                inputs += named[i] && !strcmp(named[i], "-");
        if (inputs > 1)
                return err_set(e, ERR_USAGE, "standard input can be read only once");
        return 0;
}

static int nothing_found(const struct demand *d, struct err *e) {
        return err_set(e, ERR_IMPOSSIBLE,
                       "nothing to plan: no workload asks for a GPU (files: %llu, objects: %llu, pods without a GPU: %llu)",
                       (unsigned long long)d->files, (unsigned long long)d->objects, (unsigned long long)d->cpu_only_pods);
}

static int read_all(const struct cmd_run *run, struct plan_input *input, struct err *e) {
        const struct plan_args *args = run->args;
        int r = read_with(args->prices, TABLE_BYTES_MAX, take_prices, input, e);

        if (r >= 0)
                r = args->trace ? read_with(args->trace, TABLE_BYTES_MAX, take_trace, input, e) : read_objects(run, &input->demand, e);
        if (r >= 0 && input->demand.count == 0)
                r = nothing_found(&input->demand, e);
        if (r >= 0)
                r = read_with(args->usage, TABLE_BYTES_MAX, take_usage, input, e);
        return r < 0 ? r : read_with(args->policy, POLICY_BYTES_MAX, take_policy, input, e);
}

int plan_input_read(const struct cmd_run *run, struct plan_input *ret_input, struct err *e) {
        const struct plan_args *args = run->args;
        int r = check_sources(run, e);

        if (r < 0)
                return r;
        struct plan_input input = { .prices = price_list_new() };
        r = read_all(run, &input, e);
        if (r < 0) {
                plan_input_done(&input);
                return r;
        }
        if (args->usage && input.usage.rows > input.usage.matched)
                log_warning("%s: %zu of %zu rows match no workload: %s", shown_name(args->usage), input.usage.rows - input.usage.matched,
                            input.usage.rows, input.usage.unmatched);
        *ret_input = input;
        return 0;
}

void plan_input_done(struct plan_input *input) {
        demand_done(&input->demand);
        price_list_free(input->prices);
}
