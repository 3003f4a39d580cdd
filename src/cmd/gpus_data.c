/* `carve gpus` as JSON and YAML (kind: Gpus). Field names are part of the interface. */
#include <string.h>

#include "cmd/gpus.h"

#define MIB (INT64_C(1) << 20)

static void put_number(struct printer *p, const char *key, int64_t number) {
        print_key(p, key);
        if (number < 0)
                print_null(p);
        else
                print_int(p, number);
}

static void put_mib(struct printer *p, const char *key, int64_t bytes) {
        put_number(p, key, bytes < 0 ? -1 : bytes / MIB);
}

static void put_id(struct printer *p, const char *key, uint32_t id) {
        put_number(p, key, id == DRIVER_NONE ? -1 : (int64_t)id);
}

static void put_health(struct printer *p, const struct driver_gpu *gpu) {
        const struct driver_health *h = &gpu->health;

        print_key(p, "health");
        print_map(p, PRINT_BLOCK);
        print_key_string(p, "fault", h->fault);
        print_key_string(p, "faultKind", driver_fault_name(h->fault_kind));
        put_number(p, "eccOn", h->ecc_on);
        put_number(p, "eccCorrected", h->ecc_corrected);
        put_number(p, "eccUncorrected", h->ecc_uncorrected);
        put_number(p, "rowsPending", h->rows_pending);
        put_number(p, "rowsFailed", h->rows_failed);
        print_end(p);
}

static void put_sensors(struct printer *p, const struct driver_sensors *s) {
        print_key(p, "sensors");
        print_map(p, PRINT_BLOCK);
        put_number(p, "gpuPercent", s->gpu_percent);
        put_number(p, "memoryPercent", s->memory_percent);
        put_number(p, "temperatureC", s->temperature_c);
        put_number(p, "powerMw", s->power_mw);
        put_number(p, "powerLimitMw", s->power_limit_mw);
        print_end(p);
}

static void put_slice(struct printer *p, const struct driver_gpu *gpu, const struct driver_slice *slice) {
        print_map(p, PRINT_BLOCK);
        print_key_string(p, "profile", slice->name);
        put_number(p, "profileId", slice->profile_id);
        put_number(p, "instanceId", slice->id);
        put_number(p, "start", slice->start);
        put_number(p, "size", slice->size);
        put_mib(p, "memoryMib", slice->memory_bytes);
        put_mib(p, "usedMib", slice->used_bytes);
        print_key(p, "busy");
        if (*gpu->processes_unknown && !slice->process_count)
                print_null(p);
        else
                print_bool(p, slice->process_count > 0);
        print_key(p, "devices");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; i < slice->compute_count; i++) {
                const struct driver_compute *c = &slice->compute[i];
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "name", c->name);
                print_key_string(p, "uuid", c->uuid);
                put_number(p, "index", c->mig_index);
                put_number(p, "computeId", c->id);
                put_number(p, "sm", c->sm);
                print_end(p);
        }
        print_end(p);
        print_end(p);
}

/* What could be made now, with its places. */
static void put_free(struct printer *p, const struct live_model *live, const struct driver_gpu *gpu) {
        struct layout layout;
        bool known = gpu->mig_on && live_layout(live, gpu, &layout);

        print_key(p, "free");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; known && i < live->model.profile_count; i++) {
                uint32_t starts = gpus_free_starts(&layout, &live->profiles[i]);
                if (!starts)
                        continue;
                print_map(p, PRINT_LINE);
                print_key_string(p, "profile", live->profiles[i].name);
                put_number(p, "size", live->profiles[i].memory_slices);
                print_key(p, "starts");
                print_seq(p, PRINT_LINE);
                for (unsigned s = 0; s < 32; s++)
                        if (starts >> s & 1)
                                print_int(p, s);
                print_end(p);
                print_end(p);
        }
        print_end(p);
}

static void put_processes(struct printer *p, const struct driver_gpu *gpu) {
        print_key(p, "processes");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; i < gpu->process_count; i++) {
                const struct driver_process *process = &gpu->processes[i];
                print_map(p, PRINT_BLOCK);
                put_number(p, "pid", process->pid);
                print_key_string(p, "name", process->name);
                print_key_string(p, "kind", driver_process_kind_name(process->kind));
                put_mib(p, "memoryMib", process->memory_bytes);
                put_id(p, "instanceId", process->gi_id);
                put_id(p, "computeId", process->ci_id);
                print_end(p);
        }
        print_end(p);
        print_key_string(p, "processesUnknown", gpu->processes_unknown);
}

static void put_gpu(struct printer *p, const struct live_model *live, const struct driver_gpu *gpu) {
        print_map(p, PRINT_BLOCK);
        put_number(p, "index", gpu->index);
        print_key_string(p, "uuid", gpu->uuid);
        print_key_string(p, "product", gpu->product);
        print_key(p, "model");
        if (gpu->model)
                print_string(p, gpu->model->key);
        else
                print_null(p);
        print_key_string(p, "busId", gpu->bus_id);
        put_number(p, "minor", gpu->minor);
        put_mib(p, "memoryMib", gpu->memory_bytes);
        put_mib(p, "usedMib", gpu->used_bytes);
        print_key(p, "mig");
        print_map(p, PRINT_LINE);
        print_key_bool(p, "capable", gpu->mig_capable);
        print_key_bool(p, "enabled", gpu->mig_on);
        print_key_bool(p, "pendingEnabled", gpu->mig_pending_on);
        print_end(p);
        put_number(p, "memorySlices", live->model.memory_slices);
        put_health(p, gpu);
        put_sensors(p, &gpu->sensors);
        print_key(p, "slices");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; i < gpu->slice_count; i++)
                put_slice(p, gpu, &gpu->slices[i]);
        print_end(p);
        put_free(p, live, gpu);
        put_processes(p, gpu);
        print_end(p);
}

void gpus_print_data(const struct gpus_node *n, enum print_format format, struct buf *out) {
        const struct driver_about *about = driver_about(n->driver);
        struct printer *p = printer_new(format, out);

        print_map(p, PRINT_BLOCK);
        print_key_string(p, "apiVersion", "carve.dev/v1alpha1");
        print_key_string(p, "kind", "Gpus");
        print_key(p, "driver");
        print_map(p, PRINT_BLOCK);
        print_key_string(p, "version", about->version);
        print_key_string(p, "nvml", about->nvml);
        put_number(p, "cuda", about->cuda);
        print_end(p);
        print_key(p, "gpus");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; i < n->node.gpu_count; i++)
                if (n->meant[i])
                        put_gpu(p, &n->live[i], &n->node.gpus[i]);
        print_end(p);
        print_end(p);
        printer_free(p);
}
