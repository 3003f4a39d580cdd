/* carve gpus apply, assert, export. */
#include <string.h>

#include "base/log.h"
#include "cmd/gpus_change.h"
#include "cmd/gpus_stop.h"
#include "core/migparted/export.h"
#include "io/file/file.h"

#define OUTPUT_BYTES_MAX (1u << 20)

static int print_line(const char *line, struct err *e) {
        return file_write("-", line, strlen(line), e);
}

/* Every GPU that is meant, or none: nothing is begun while one of them cannot get what it should. */
static int make_plans(const struct gpus_node *n, const struct gpus_layout *layout, bool mode_only, struct gpu_plan *plans, struct err *e) {
        int r = 0;

        for (unsigned i = 0; i < n->node.gpu_count; i++) {
                struct err one = { 0 };
                plans[i] = (struct gpu_plan){ .gpu = i, .left_alone = true };
                if (!n->meant[i] || gpu_plan_make(n, i, layout, mode_only, &plans[i], &one) == 0)
                        continue;
                if (r < 0)
                        log_error("%s", e->text);
                *e = one;
                r = -(int)e->code;
                if (r == -ERR_INPUT || r == -ERR_USAGE)
                        break; /* whatever the GPU */
        }
        return r;
}

static int do_plans(struct gpus_node *n, const struct gpus_layout *layout, bool mode_only, const struct gpu_plan *plans, struct err *e) {
        unsigned failed = 0, changed = 0;

        for (unsigned i = 0; i < n->node.gpu_count; i++) {
                struct buf undone = BUF(OUTPUT_BYTES_MAX);
                struct err one = { 0 };
                if (gpu_plan_is_empty(&plans[i]))
                        continue;
                changed++;
                if (gpus_stop_asked()) {
                        log_error("GPU %u: not begun", i);
                        failed++;
                } else if (gpu_plan_do(n, layout, &plans[i], mode_only, &undone, &one) < 0) {
                        log_error("%s", one.text);
                        if (undone.length)
                                log_error("GPU %u: %s", i, buf_text(&undone));
                        failed++;
                }
                buf_done(&undone);
        }
        if (failed == 0)
                return 0;
        return err_set(e, ERR_GPU, "%u of %u GPUs to be changed could not be: run it again to go on from here", failed, changed);
}

static int apply(const struct cmd_run *run, struct gpus_node *n, const struct gpus_layout *layout, struct err *e) {
        const struct gpus_args *args = run->args;
        _cleanup_free_ struct gpu_plan *plans = mem_zalloc(n->node.gpu_count + 1, sizeof *plans);
        struct buf steps = BUF(OUTPUT_BYTES_MAX);
        int r = make_plans(n, layout, args->mode_only, plans, e);

        for (unsigned i = 0; r == 0 && i < n->node.gpu_count; i++)
                if (n->meant[i])
                        gpu_plan_print(n, &plans[i], &steps);
        if (r == 0 && args->dry_run) {
                r = file_write(run->common.outputs.items[0].file, buf_text(&steps), steps.length, e);
        } else if (r == 0) {
                if (!run->common.quiet && !run->common.log_format)
                        fputs(buf_text(&steps), stderr);
                const struct gpus_stop stop = gpus_stop_begin();
                r = do_plans(n, layout, args->mode_only, plans, e);
                gpus_stop_end(&stop);
                if (r == 0)
                        r = print_line("MIG configuration applied successfully\n", e);
        }
        buf_done(&steps);
        return r;
}

int gpus_apply(const struct cmd_run *run, const char *name, struct err *e) {
        const struct gpus_args *args = run->args;
        struct gpus_layout layout;
        struct gpus_node n;
        int r = gpus_layout_read(args, name, &layout, e);

        if (r < 0)
                return r;
        r = gpus_open(&args->gpus, &n, e);
        if (r == 0) {
                r = apply(run, &n, &layout, e);
                gpus_close(&n);
        }
        gpus_layout_done(&layout);
        if (r < 0 && gpus_stop_asked()) {
                log_error("%s", e->text);
                gpus_stop_obey();
        }
        return r;
}

/* Does every GPU that is meant have what is wanted? Says of each that has not what it has. */
static int check(const struct gpus_node *n, const struct gpus_layout *layout, bool mode_only, bool *ret_same, struct err *e) {
        bool same = true;

        for (unsigned i = 0; i < n->node.gpu_count; i++) {
                const struct driver_gpu *gpu = &n->node.gpus[i];
                char why[GPUS_WHY_MAX] = "";
                struct want want = { 0 };
                if (!n->meant[i])
                        continue;
                if (*gpu->health.fault)
                        return err_set(e, ERR_GPU, "%s", gpu->health.fault);
                int r = gpus_want(layout, n, i, mode_only, &want, e);
                if (r < 0 && r != -ERR_IMPOSSIBLE)
                        return r;
                if (r < 0)
                        snprintf(why, sizeof why, "%s", e->text);
                else if (!want.said && !mode_only)
                        snprintf(why, sizeof why, "nothing is said of it");
                else if (!gpu->mig_capable && want.mig)
                        snprintf(why, sizeof why, "it has no MIG");
                else if (mode_only && want.said && want.mig != gpu->mig_on)
                        snprintf(why, sizeof why, "MIG is %s", gpu->mig_on ? "on" : "off");
                else if (!mode_only && gpu->mig_capable)
                        gpus_has(n, i, &want, why);
                if (*why && r < 0)
                        log_warning("%s", why);
                else if (*why)
                        log_warning("GPU %u: %s", i, why);
                same &= !*why;
        }
        *ret_same = same;
        return 0;
}

static int assert_node(const struct gpus_args *args, const struct gpus_layout *layout, struct err *e) {
        struct gpus_node n;
        bool same = false;
        int r = gpus_open(&args->gpus, &n, e);

        if (r < 0)
                return r;
        r = check(&n, layout, args->mode_only, &same, e);
        gpus_close(&n);
        if (r < 0)
                return r;
        if (!same)
                return err_set(e, ERR_IMPOSSIBLE, "assertion failure: selected configuration not currently applied");
        return print_line(args->mode_only ? "Selected MIG mode settings from configuration currently applied\n"
                                          : "Selected MIG configuration currently applied\n",
                          e);
}

int gpus_assert(const struct cmd_run *run, const char *name, struct err *e) {
        const struct gpus_args *args = run->args;
        struct gpus_layout layout;
        int r = gpus_layout_read(args, name, &layout, e);

        if (r < 0)
                return r;
        if (!args->valid_config)
                r = assert_node(args, &layout, e);
        else if (!layout.config)
                r = err_set(e, ERR_USAGE, "--valid-config looks at a configuration file: name it with -f");
        else
                r = print_line("Selected MIG configuration is valid\n", e);
        gpus_layout_done(&layout);
        return r;
}

static void take_devices(const struct driver_gpu *gpu, struct export_gpu *to) {
        for (unsigned i = 0; i < gpu->slice_count; i++)
                for (unsigned k = 0; k < gpu->slices[i].compute_count && to->device_count < EXPORT_DEVICES_MAX; k++)
                        memcpy(to->devices[to->device_count++], gpu->slices[i].compute[k].name, EXPORT_NAME_MAX);
}

static int export_node(const struct gpus_node *n, const char *label, enum print_format format, const char *file, struct err *e) {
        _cleanup_free_ struct export_gpu *gpus = mem_zalloc(n->node.gpu_count + 1, sizeof *gpus);
        struct buf out = BUF(OUTPUT_BYTES_MAX);
        unsigned count = 0;

        for (unsigned i = 0; i < n->node.gpu_count; i++) {
                const struct driver_gpu *gpu = &n->node.gpus[i];
                if (!n->meant[i])
                        continue;
                if (*gpu->health.fault)
                        return err_set(e, ERR_GPU, "%s", gpu->health.fault);
                gpus[count] =
                        (struct export_gpu){ .index = i, .device = gpu->pci_device_id, .vendor = gpu->pci_vendor_id, .mig = gpu->mig_on };
                take_devices(gpu, &gpus[count++]);
        }
        migparted_export(gpus, count, label, format, &out);
        int r = file_write(file, buf_text(&out), out.length, e);
        buf_done(&out);
        return r;
}

int gpus_export(const struct cmd_run *run, struct err *e) {
        const struct gpus_args *args = run->args;
        const struct cmd_outputs *outputs = &run->common.outputs;
        enum print_format format = args->export_json || outputs->items[0].format == FORMAT_JSON ? PRINT_JSON : PRINT_YAML;
        struct gpus_node n;

        if (outputs->count > 1)
                return err_set(e, ERR_USAGE, "export prints one format");
        if (!migparted_label_ok(args->label))
                return err_set(e, ERR_USAGE, "'%s' is no name for a configuration: letters, digits and _-./+ after a letter or digit",
                               args->label);
        int r = gpus_open(&args->gpus, &n, e);
        if (r < 0)
                return r;
        r = export_node(&n, args->label, format, outputs->items[0].file, e);
        gpus_close(&n);
        return r;
}
