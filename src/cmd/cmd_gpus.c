/* gpus: the GPUs of this machine, and their MIG slices: shown, changed, compared, exported. */
#include <string.h>

#include "base/near.h"
#include "cmd/gpus.h"
#include "io/file/file.h"

#define OUTPUT_BYTES_MAX (16u << 20)

static int show(const struct cmd_run *run, struct err *e) {
        const struct gpus_args *args = run->args;
        struct gpus_node n;
        int r = gpus_open(&args->gpus, &n, e);

        if (r == 0 && args->watch) {
                r = gpus_watch(run, &n, e);
        } else if (r == 0) {
                for (unsigned i = 0; i < run->common.outputs.count && r == 0; i++) {
                        enum cmd_format format = run->common.outputs.items[i].format;
                        struct buf out = BUF(OUTPUT_BYTES_MAX);
                        if (format == FORMAT_TEXT)
                                gpus_print_text(run, &n, &out);
                        else
                                gpus_print_data(&n, format == FORMAT_JSON ? PRINT_JSON : PRINT_YAML, &out);
                        r = file_write(run->common.outputs.items[i].file, buf_text(&out), out.length, e);
                        buf_done(&out);
                }
        } else {
                return r;
        }
        gpus_close(&n);
        return r;
}

static int run_show(const struct cmd_run *run, const char *layout, struct err *e) {
        (void)layout;
        return show(run, e);
}

static int run_export(const struct cmd_run *run, const char *layout, struct err *e) {
        if (layout)
                return err_set(e, ERR_USAGE, "export takes no layout: %s", layout);
        return gpus_export(run, e);
}

static const struct action {
        const char *name;
        int (*run)(const struct cmd_run *run, const char *layout, struct err *e);
} actions[] = {
        { "list", run_show },
        { "apply", gpus_apply },
        { "assert", gpus_assert },
        { "export", run_export },
};

static const char *action_at(size_t index) {
        return index < ARRAY_SIZE(actions) ? actions[index].name : NULL;
}

/* As Go reads truth, which is what mig-parted does. */
static void switch_by_environment(const char *variable, bool *field) {
        static const char *const words[] = { "1", "t", "T", "true", "TRUE", "True" };
        const char *value = getenv(variable);

        for (unsigned i = 0; value && i < ARRAY_SIZE(words); i++)
                *field |= strcmp(value, words[i]) == 0;
}

/* mig-parted's own variables, for scripts that set them. Not for listing: it has no such switches. */
static void take_environment(struct gpus_args *args) {
        const char *label = getenv("MIG_PARTED_CONFIG_LABEL"), *format = getenv("MIG_PARTED_OUTPUT_FORMAT");

        switch_by_environment("MIG_PARTED_MODE_CHANGE_ONLY", &args->mode_only);
        switch_by_environment("MIG_PARTED_VALID_CONFIG", &args->valid_config);
        if (!args->label)
                args->label = label && *label ? label : "current";
        args->export_json |= format && strcmp(format, "json") == 0;
}

static int check_switches(const struct gpus_args *args, const char *action, struct err *e) {
        const struct {
                bool given;
                const char *name, *of;
        } switches[] = {
                { args->dry_run, "--dry-run", "apply" },
                { args->watch, "--watch", "list" },
                { args->valid_config, "--valid-config", "assert" },
                { args->mode_only, "--mode-only", "apply assert" },
                { args->config_file, "--config-file", "apply assert" },
                { args->selected_config, "--selected-config", "apply assert" },
                { args->skip_reset, "--skip-reset", "apply" },
                { args->label, "--config-label", "export" },
                { args->export_json, "--output-format", "export" },
        };

        for (unsigned i = 0; i < ARRAY_SIZE(switches); i++)
                if (switches[i].given && !strstr(switches[i].of, action))
                        return err_set(e, ERR_USAGE, "%s has no meaning for %s", switches[i].name, action);
        return 0;
}

static int run_gpus(const struct cmd_run *run, struct err *e) {
        const char *name = run->operand_count > 0 ? run->operands[0] : "list";
        const char *layout = run->operand_count > 1 ? run->operands[1] : NULL;
        struct near near = near_to(name);
        struct gpus_args *args = run->args;

        for (unsigned i = 0; i < ARRAY_SIZE(actions); i++) {
                near_offer(&near, actions[i].name);
                if (strcmp(actions[i].name, name) != 0)
                        continue;
                int r = check_switches(args, name, e);
                if (r < 0)
                        return r;
                if (i == 0 && layout)
                        return err_set(e, ERR_USAGE, "list takes no layout: %s", layout);
                if (i > 0)
                        take_environment(args);
                if (i > 0 && i < 3 && run->common.outputs.items[0].format != FORMAT_TEXT)
                        return err_set(e, ERR_USAGE, "%s prints text only", name);
                return actions[i].run(run, layout, e);
        }
        return err_set(e, ERR_USAGE, "no action '%s'%s: it is list, apply, assert or export", name,
                       near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
}

static const char *export_format_at(size_t i) {
        static const char *const words[] = { "yaml", "json" };

        return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

#define FIELD(field) offsetof(struct gpus_args, field)
static const struct cmd_option options[] = {
        { .name = "Which GPUs:" },
        { .name = "gpu",
          .letter = 'g',
          .value = VALUE_LIST,
          .arg = "GPUS",
          .help = "Only these: indexes, UUIDs or beginnings of UUIDs, as 0,2 or GPU-5b3d7cf1",
          .offset = FIELD(gpus) },

        { .name = "Listing:" },
        { .name = "watch", .letter = 'w', .value = VALUE_SWITCH, .help = "Go on showing, until Ctrl-C", .offset = FIELD(watch) },

        { .name = "apply and assert:" },
        { .name = "config-file",
          .letter = 'f',
          .value = VALUE_FILE,
          .arg = "FILE",
          .help = "A configuration file of mig-parted (- is standard input); LAYOUT is a name in it",
          .offset = FIELD(config_file) },
        { .name = "selected-config",
          .letter = 'c',
          .value = VALUE_TEXT,
          .arg = "NAME",
          .help = "The same as LAYOUT, as mig-parted writes it",
          .offset = FIELD(selected_config) },
        { .name = "mode-only",
          .letter = 'm',
          .value = VALUE_SWITCH,
          .help = "Only turn MIG on and off (or look at that), no slices",
          .offset = FIELD(mode_only) },
        { .name = "dry-run", .letter = 'n', .value = VALUE_SWITCH, .help = "Print what apply would do", .offset = FIELD(dry_run) },
        { .name = "valid-config",
          .letter = 'a',
          .value = VALUE_SWITCH,
          .help = "assert: only that the file is valid and has the configuration",
          .offset = FIELD(valid_config) },
        { .name = "skip-reset",
          .letter = 's',
          .value = VALUE_SWITCH,
          .help = "For scripts of mig-parted; carve never resets a GPU, it says which must be",
          .offset = FIELD(skip_reset) },

        { .name = "export:" },
        { .name = "config-label",
          .letter = 'l',
          .value = VALUE_TEXT,
          .arg = "LABEL",
          .help = "The configuration's name (default current)",
          .offset = FIELD(label) },
        { .name = "output-format",
          .value = VALUE_WORD,
          .arg = "FORMAT",
          .help = "json or yaml; the same as -o, as mig-parted writes it",
          .offset = FIELD(export_json),
          .words = export_format_at,
          .word_is = "json or yaml" },
        { 0 },
};
#undef FIELD

const struct cmd cmd_gpus = {
        .name = "gpus",
        .operands = "[list | apply LAYOUT | assert LAYOUT | export]",
        .operands_max = 2,
        .operand_words = action_at,
        .summary = "Show the GPUs of this machine and their MIG slices, and change them",
        .description =
                "list (or nothing) shows each GPU with its slices where they stand, what still fits, and who uses it. apply brings the "
                "GPUs to "
                "LAYOUT with the fewest changes: slices that may stay do, slices in use are never touched, and nothing is begun while "
                "something in use is in the way. assert says whether they have it already, with status 0 or 1. export prints what they "
                "have as "
                "a configuration file of mig-parted.\n\n"
                "LAYOUT is all-disabled, all-enabled, all-balanced or all-PROFILE (as all-1g.10gb), meaning what mig-parted means by it; "
                "or slices, as 1g.10gb:2,3g.40gb (how many) or 1g.10gb@0,3g.40gb@4 (where); or, with -f, a name in that file. "
                "MIG_PARTED_CONFIG_FILE and MIG_PARTED_SELECTED_CONFIG are read where neither is given.\n\n"
                "CARVE_NVML_LIBRARY names the driver library to use, in place of libnvidia-ml.so.1.",
        .examples = "  carve gpus\n"
                    "  carve gpus apply all-balanced --dry-run\n"
                    "  carve gpus apply 1g.10gb:2,3g.40gb --gpu 0\n"
                    "  carve gpus assert -f config.yaml -c all-1g.10gb\n"
                    "  carve gpus export -o json",
        .formats = 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_YAML,
        .options = options,
        .args_bytes = sizeof(struct gpus_args),
        .run = run_gpus,
};
