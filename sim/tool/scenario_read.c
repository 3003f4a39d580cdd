#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "sim/node/driver.h"
#include "sim/tool/scenario_parts.h"
#include "sim/tool/words.h"

#define LATENCY_PERCENT_MAX 10000
#define RELEASE_MS_MAX 600000
#define PID_MAX 4194304 /* as in Linux */
#define ROWS_MAX 65535
#define REPLAYS_MAX UINT32_MAX

static const char *const api_versions[] = { "sim.carve.dev/v1alpha1", NULL };
static const char *const kinds[] = { "Scenario", NULL };
static const char *const uuid_kinds[] = { "stable", "random", NULL };

void scenario_gpu_init(struct scenario_gpu *gpu) {
        *gpu = (struct scenario_gpu){
                .count = 1,
                .numa_node = FIELD_UNSET,
                .mig = FIELD_UNSET,
                .persistence = FIELD_UNSET,
                .ecc = FIELD_UNSET,
                .compute_mode = FIELD_UNSET,
                .power_limit_watts = FIELD_UNSET,
                .pcie_replays = FIELD_UNSET,
                .recovery_action = FIELD_UNSET,
                .load = { .gpu = FIELD_UNSET,
                          .memory = FIELD_UNSET,
                          .encoder = FIELD_UNSET,
                          .decoder = FIELD_UNSET,
                          .jpeg = FIELD_UNSET,
                          .ofa = FIELD_UNSET,
                          .fan = FIELD_UNSET,
                          .temperature_c = FIELD_UNSET,
                          .power_watts = FIELD_UNSET,
                          .sm_clock_mhz = FIELD_UNSET,
                          .pcie_tx = FIELD_UNSET,
                          .pcie_rx = FIELD_UNSET,
                          .nvlink_tx = FIELD_UNSET,
                          .nvlink_rx = FIELD_UNSET },
                .rows = { .corrected = FIELD_UNSET, .uncorrected = FIELD_UNSET, .pending = FIELD_UNSET, .failed = FIELD_UNSET }
        };
}

void scenario_init(struct scenario *s, const char *file) {
        memset(s, 0, sizeof *s);
        s->file = file;
        s->settings = (struct scenario_settings){ .driver = SCENARIO_DRIVER,
                                                  .seed = 1,
                                                  .latency_percent = FIELD_UNSET,
                                                  .release_ms = FIELD_UNSET,
                                                  .jitter_percent = FIELD_UNSET,
                                                  .nvswitch = FIELD_UNSET,
                                                  .mig_uuids = FIELD_UNSET };
}

int scenario_list(struct scenario *s, const struct doc_node *list, const char *what, unsigned max, item_reader read, void *context,
                  struct err *e) {
        if (!list)
                return 0;
        if (list->kind != DOC_SEQ)
                return doc_err(e, s->file, list, "%s: expected a list, found %s", what, doc_kind_name(list->kind));
        for (uint32_t i = 0; i < list->count; i++) {
                if (i == max)
                        return doc_err(e, s->file, list->items[i], "%s: more than %u entries", what, max);
                int r = read(s, list->items[i], context, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int unknown_model(const char *file, const struct doc_node *node, struct err *e) {
        struct near near = near_to(node->text);
        char hint[NEAR_HINT_MAX];

        for (size_t i = 0; i < gpu_model_count(); i++)
                near_offer(&near, gpu_model_at(i)->key);
        return doc_err(e, file, node, "model: no GPU model '%s' is known%s", node->text, near_hint(&near, hint));
}

/* GPUs. */

static const struct field load_fields[] = {
        PERCENT(scenario_load, "gpuPercent", gpu),
        PERCENT(scenario_load, "memoryPercent", memory),
        PERCENT(scenario_load, "encoderPercent", encoder),
        PERCENT(scenario_load, "decoderPercent", decoder),
        PERCENT(scenario_load, "jpegPercent", jpeg),
        PERCENT(scenario_load, "ofaPercent", ofa),
        PERCENT(scenario_load, "fanPercent", fan),
        WHOLE(scenario_load, "temperatureC", temperature_c, 1, SCENARIO_TEMPERATURE_MAX),
        WHOLE(scenario_load, "powerWatts", power_watts, 1, SCENARIO_WATTS_MAX),
        WHOLE(scenario_load, "smClockMHz", sm_clock_mhz, 1, SCENARIO_MHZ_MAX),
        WHOLE(scenario_load, "pcieTxMiBPerSecond", pcie_tx, 0, SCENARIO_TRAFFIC_MAX),
        WHOLE(scenario_load, "pcieRxMiBPerSecond", pcie_rx, 0, SCENARIO_TRAFFIC_MAX),
        WHOLE(scenario_load, "nvlinkTxMiBPerSecond", nvlink_tx, 0, SCENARIO_TRAFFIC_MAX),
        WHOLE(scenario_load, "nvlinkRxMiBPerSecond", nvlink_rx, 0, SCENARIO_TRAFFIC_MAX),
        { 0 },
};

static const struct field rows_fields[] = {
        WHOLE(scenario_rows, "corrected", corrected, 0, ROWS_MAX),
        WHOLE(scenario_rows, "uncorrected", uncorrected, 0, ROWS_MAX),
        BOOL(scenario_rows, "pending", pending),
        BOOL(scenario_rows, "failed", failed),
        { 0 },
};

struct gpu_values {
        struct scenario_gpu gpu;
        const struct doc_node *model, *layout, *load, *rows;
};
static const struct field gpu_fields[] = {
        NODE(gpu_values, "model", model),
        WHOLE(gpu_values, "count", gpu.count, 1, NODE_GPUS_MAX),
        TEXT(gpu_values, "product", gpu.product, NODE_NAME_MAX - 1),
        WHOLE(gpu_values, "numaNode", gpu.numa_node, 0, 63),
        BOOL(gpu_values, "mig", gpu.mig),
        NODE(gpu_values, "layout", layout),
        BOOL(gpu_values, "persistence", gpu.persistence),
        BOOL(gpu_values, "ecc", gpu.ecc),
        WORD(gpu_values, "computeMode", gpu.compute_mode, words_compute_modes),
        WHOLE(gpu_values, "powerLimitWatts", gpu.power_limit_watts, 1, SCENARIO_WATTS_MAX),
        NODE(gpu_values, "load", load),
        NODE(gpu_values, "remappedRows", rows),
        WHOLE(gpu_values, "pcieReplays", gpu.pcie_replays, 0, REPLAYS_MAX),
        WORD(gpu_values, "recoveryAction", gpu.recovery_action, words_recovery_actions),
        { 0 },
};

static int read_gpu(struct scenario *s, const struct doc_node *item, void *context, struct err *e) {
        struct gpu_values v = { 0 };
        int r;

        (void)context;
        scenario_gpu_init(&v.gpu);
        v.gpu.place = fields_place(item);
        if ((r = fields_read(s->file, item, "a GPU", gpu_fields, &v, e)) < 0)
                return r;
        if (!v.model)
                return doc_err(e, s->file, item, "a GPU needs its model, as model: A100-80GB");
        if (!v.model->text)
                return doc_err(e, s->file, v.model, "model: expected a text, found %s", doc_kind_name(v.model->kind));
        if (!(v.gpu.model = gpu_model_find(v.model->text)))
                return unknown_model(s->file, v.model, e);
        if ((r = scenario_read_layout(s, v.layout, &v.gpu, e)) < 0 ||
            (v.load && (r = fields_read(s->file, v.load, "load", load_fields, &v.gpu.load, e)) < 0) ||
            (v.rows && (r = fields_read(s->file, v.rows, "remappedRows", rows_fields, &v.gpu.rows, e)) < 0))
                return r;
        if (v.gpu.slice_count && v.gpu.mig == 0)
                return doc_err(e, s->file, v.layout, "layout: slices need MIG, and mig is false");
        if (v.gpu.mig > 0 && !gpu_has_mig(v.gpu.model))
                return doc_err(e, s->file, v.model, "model: '%s' has no MIG", v.model->text);
        s->gpus[s->gpu_count++] = v.gpu;
        return 0;
}

/* Processes and faults. */

static const struct field process_fields[] = {
        WHOLE(scenario_process, "gpu", gpu, 0, NODE_GPUS_MAX - 1),
        TEXT(scenario_process, "slice", slice, 127),
        WHOLE(scenario_process, "pid", pid, 1, PID_MAX),
        WHOLE(scenario_process, "count", count, 1, NODE_PROCESSES_MAX),
        TEXT(scenario_process, "name", name, NODE_NAME_MAX - 1),
        WORD(scenario_process, "kind", kind, words_process_kinds),
        VALUE(scenario_process, FIELD_BYTES, "memory", memory_bytes, .max = SCENARIO_MEMORY_MAX),
        PERCENT(scenario_process, "smPercent", sm),
        PERCENT(scenario_process, "memoryBandwidthPercent", memory_bandwidth),
        PERCENT(scenario_process, "encoderPercent", encoder),
        PERCENT(scenario_process, "decoderPercent", decoder),
        { 0 },
};

static int read_process(struct scenario *s, const struct doc_node *item, void *context, struct err *e) {
        struct scenario_process p = { .place = fields_place(item), .gpu = FIELD_UNSET, .count = 1 };
        int r = fields_read(s->file, item, "a process", process_fields, &p, e);

        (void)context;
        if (r < 0)
                return r;
        if (p.gpu < 0)
                return doc_err(e, s->file, item, "a process needs its gpu, as gpu: 0");
        if (p.pid > 0 && p.count > 1)
                return doc_err(e, s->file, item, "a process with a pid is one: it has no count");
        s->processes[s->process_count++] = p;
        return 0;
}

static const struct field fault_fields[] = {
        WORD(injection, "inject", accident, inject_names),
        WHOLE(injection, "gpu", gpu, 0, NODE_GPUS_MAX - 1),
        TEXT(injection, "slice", slice, 127),
        WHOLE(injection, "xid", xid, 0, INJECT_XID_MAX),
        WHOLE(injection, "ms", ms, 1, INJECT_MS_MAX),
        WHOLE(injection, "times", times, 1, INJECT_COUNT_MAX),
        WHOLE(injection, "count", count, 1, INJECT_COUNT_MAX),
        BOOL(injection, "uncorrected", uncorrected),
        BOOL(injection, "dram", dram),
        BOOL(injection, "compute", compute),
        TEXT(injection, "call", call, NODE_NAME_MAX - 1),
        TEXT(injection, "code", code, 47),
        { 0 },
};

static int read_fault(struct scenario *s, const struct doc_node *item, void *context, struct err *e) {
        struct scenario_fault f = { .place = fields_place(item), .injection = injection_new() };
        struct err why;
        int r = fields_read(s->file, item, "a fault", fault_fields, &f.injection, e);

        (void)context;
        if (r < 0)
                return r;
        if (f.injection.accident < 0)
                return doc_err(e, s->file, item, "a fault needs what happens, as inject: xid");
        if (inject_check(&f.injection, "", &why) < 0)
                return doc_err(e, s->file, item, "%s", why.text);
        s->faults[s->fault_count++] = f;
        return 0;
}

/* The whole. */

struct top {
        int64_t api_version, kind;
        struct scenario_settings settings;
        const struct doc_node *gpus, *processes, *faults;
};
static const struct field top_fields[] = {
        WORD(top, "apiVersion", api_version, api_versions),
        WORD(top, "kind", kind, kinds),
        TEXT(top, "driver", settings.driver, 23),
        WHOLE(top, "seed", settings.seed, 0, SCENARIO_SEED_MAX),
        WHOLE(top, "latencyPercent", settings.latency_percent, 0, LATENCY_PERCENT_MAX),
        WHOLE(top, "releaseMs", settings.release_ms, 0, RELEASE_MS_MAX),
        PERCENT(top, "jitterPercent", settings.jitter_percent),
        BOOL(top, "nvswitch", settings.nvswitch),
        WORD(top, "migUuids", settings.mig_uuids, uuid_kinds),
        NODE(top, "gpus", gpus),
        NODE(top, "processes", processes),
        NODE(top, "faults", faults),
        { 0 },
};

static int read_root(struct scenario *s, const struct doc_node *root, struct err *e) {
        struct top top = { .api_version = FIELD_UNSET, .kind = FIELD_UNSET, .settings = s->settings };
        struct err why;
        int r = fields_read(s->file, root, "a scenario", top_fields, &top, e);

        if (r < 0)
                return r;
        if (top.api_version < 0 || top.kind < 0)
                return doc_err(e, s->file, root, "a scenario begins with apiVersion: %s and kind: %s", api_versions[0], kinds[0]);
        if (driver_whole(top.settings.driver, &top.settings.driver, &why) < 0)
                return doc_err(e, s->file, doc_get(root, "driver"), "driver: %s", why.text);
        s->settings = top.settings;
        if ((r = scenario_list(s, top.gpus, "gpus", NODE_GPUS_MAX, read_gpu, NULL, e)) < 0 ||
            (r = scenario_list(s, top.processes, "processes", NODE_PROCESSES_MAX, read_process, NULL, e)) < 0 ||
            (r = scenario_list(s, top.faults, "faults", SCENARIO_FAULTS_MAX, read_fault, NULL, e)) < 0)
                return r;
        if (s->gpu_count == 0)
                return doc_err(e, s->file, top.gpus ? top.gpus : root, "a scenario needs gpus, at least one");
        return 0;
}

/* With a reader of its own: what the scenario holds points into the first document. */
static int check_single(const char *file, const char *text, size_t bytes, struct err *e) {
        struct doc_reader *reader = doc_reader_new(file, text, bytes);
        const struct doc_node *root;
        int r = 1;

        for (unsigned i = 0; i < 2 && r > 0; i++)
                r = doc_reader_next(reader, &root, e);
        if (r > 0)
                r = doc_err(e, file, root, "a second document: a file holds one scenario");
        doc_reader_free(reader);
        return r;
}

int scenario_read(const char *file, const char *text, size_t bytes, struct doc_reader **ret_reader, struct scenario *ret, struct err *e) {
        struct doc_reader *reader = doc_reader_new(file, text, bytes);
        const struct doc_node *root;
        int r = doc_reader_next(reader, &root, e);

        scenario_init(ret, file);
        if (r == 0)
                r = err_set(e, ERR_INPUT, "%s:1:1: expected a scenario, found nothing", file);
        else if (r > 0 && (r = check_single(file, text, bytes, e)) == 0)
                r = read_root(ret, root, e);
        if (r < 0)
                reader = doc_reader_free(reader);
        else
                *ret_reader = reader;
        return r;
}
