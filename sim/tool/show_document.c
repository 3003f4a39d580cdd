/* show_document: a simulated node as JSON or YAML. Names are an interface: docs/reference/scenario.md lists them. */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "sim/node/event.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"
#include "sim/tool/place.h"
#include "sim/tool/show.h"
#include "sim/tool/words.h"

static void put_time(struct printer *p, const char *key, uint64_t us) {
        time_t seconds = (time_t)(us / 1000000);
        char text[40];
        struct tm utc;

        gmtime_r(&seconds, &utc);
        size_t length = strftime(text, sizeof text, "%FT%T", &utc);
        snprintf(text + length, sizeof text - length, ".%06luZ", (unsigned long)(us % 1000000));
        print_key_string(p, key, text);
}

/* Ids in events and processes: absent where there is no instance. */
static void put_ids(struct printer *p, uint32_t gi_id, uint32_t ci_id) {
        if (gi_id < NODE_NONE)
                print_key_int(p, "gpuInstance", gi_id);
        if (ci_id < NODE_NONE)
                print_key_int(p, "computeInstance", ci_id);
}

static void put_memory(struct printer *p, const struct node *n, unsigned gpu, unsigned gi_slot) {
        struct mig_memory memory;

        mig_memory(n, gpu, gi_slot, &memory);
        print_key(p, "memory");
        print_map(p, PRINT_LINE);
        print_key_int(p, "totalBytes", memory.total);
        print_key_int(p, "usedBytes", memory.used);
        print_key_int(p, "reservedBytes", memory.reserved);
        print_end(p);
}

static void put_slice(struct printer *p, const struct node *n, const struct place *at) {
        const struct node_gpu *gpu = &n->gpus[at->gpu];
        const struct node_gi *gi = &gpu->gi[at->gi_slot];
        const struct gpu_profile *profile = &node_model(gpu)->profiles[gi->profile];
        char text[MIG_UUID_MAX], name[32];

        print_map(p, PRINT_BLOCK);
        place_print(n, at, text);
        print_key_string(p, "slice", text);
        mig_profile_name(n, at->gpu, profile, at->ci_slot == NODE_NONE ? profile->compute_slices : gi->ci[at->ci_slot].size, name);
        print_key_string(p, "profile", name);
        print_key_int(p, "profileId", profile->id);
        print_key_int(p, "start", gi->start);
        print_key_int(p, "size", profile->memory_slices);
        print_key_int(p, "gpuInstance", gi->id);
        if (at->ci_slot != NODE_NONE) {
                const struct node_ci *ci = &gi->ci[at->ci_slot];
                print_key_int(p, "computeInstance", ci->id);
                print_key_int(p, "computeStart", ci->start);
                print_key_int(p, "computeSize", ci->size);
                print_key_int(p, "migIndex", ci->mig_index);
                mig_device_uuid(n, at->gpu, at->gi_slot, at->ci_slot, text);
                print_key_string(p, "uuid", text);
        }
        put_memory(p, n, at->gpu, at->gi_slot);
        print_end(p);
}

static void put_readings(struct printer *p, const struct show *s, unsigned gpu) {
        struct reading r;

        reading_gpu(s->node, gpu, s->now_us, &r);
        print_key_int(p, "gpuPercent", r.gpu_percent);
        print_key_int(p, "memoryPercent", r.memory_percent);
        print_key_int(p, "encoderPercent", r.encoder_percent);
        print_key_int(p, "decoderPercent", r.decoder_percent);
        print_key_int(p, "temperatureC", r.temperature_c);
        print_key_int(p, "powerMilliwatts", r.power_mw);
        print_key_int(p, "powerLimitMilliwatts", s->node->gpus[gpu].power_limit_mw);
        print_key_int(p, "energyMillijoules", r.energy_mj);
        print_key_int(p, "smClockMHz", r.sm_mhz);
        print_key_int(p, "memoryClockMHz", r.memory_mhz);
        print_key_int(p, "pcieTxKiBPerSecond", r.pcie_tx_kib_s);
        print_key_int(p, "pcieRxKiBPerSecond", r.pcie_rx_kib_s);
        print_key_int(p, "nvlinkTxMiBPerSecond", s->node->gpus[gpu].load.nvlink_tx_mib_s);
        print_key_int(p, "nvlinkRxMiBPerSecond", s->node->gpus[gpu].load.nvlink_rx_mib_s);
}

static void put_ecc(struct printer *p, const char *key, const struct node_ecc *ecc) {
        print_key(p, key);
        print_map(p, PRINT_LINE);
        print_key_int(p, "sramCorrected", ecc->sram_corrected);
        print_key_int(p, "sramUncorrected", ecc->sram_uncorrected);
        print_key_int(p, "dramCorrected", ecc->dram_corrected);
        print_key_int(p, "dramUncorrected", ecc->dram_uncorrected);
        print_end(p);
}

static void put_identity(struct printer *p, const struct node_gpu *gpu, unsigned index) {
        char text[MIG_UUID_MAX];

        print_key_int(p, "index", index);
        print_key_string(p, "model", gpu->model);
        print_key_string(p, "product", gpu->product);
        mig_gpu_uuid(gpu, text);
        print_key_string(p, "uuid", text);
        print_key_string(p, "serial", gpu->serial);
        snprintf(text, sizeof text, "%08X:%02X:%02X.0", gpu->pci_domain, gpu->pci_bus, gpu->pci_device);
        print_key_string(p, "pciBusId", text);
        print_key_int(p, "minor", gpu->minor);
        print_key_int(p, "numaNode", gpu->numa_node);
}

static void put_gpu(struct printer *p, const struct show *s, unsigned index) {
        const struct node_gpu *gpu = &s->node->gpus[index];
        struct place at;

        print_map(p, PRINT_BLOCK);
        put_identity(p, gpu, index);
        print_key_bool(p, "migCapable", gpu_has_mig(node_model(gpu)));
        print_key_bool(p, "mig", gpu->mig_mode);
        print_key_bool(p, "migPending", gpu->mig_pending);
        print_key_bool(p, "lost", gpu->lost);
        print_key_bool(p, "heldByClient", gpu->exclusive_client);
        print_key_bool(p, "persistence", gpu->persistence_mode);
        print_key_bool(p, "ecc", gpu->ecc_mode);
        print_key_string(p, "computeMode", words_compute_modes[gpu->compute_mode]);
        put_memory(p, s->node, index, NODE_NONE);
        put_readings(p, s, index);
        put_ecc(p, "eccVolatile", &gpu->ecc_volatile);
        put_ecc(p, "eccAggregate", &gpu->ecc_aggregate);
        print_key(p, "remappedRows");
        print_map(p, PRINT_LINE);
        print_key_int(p, "corrected", gpu->remapped_corrected);
        print_key_int(p, "uncorrected", gpu->remapped_uncorrected);
        print_key_bool(p, "pending", gpu->pending_rows);
        print_key_bool(p, "failed", gpu->failed_rows);
        print_end(p);
        print_key_int(p, "pcieReplays", gpu->pcie_replays);
        print_key_string(p, "recoveryAction", words_recovery_actions[gpu->recovery_action]);
        print_key(p, "slices");
        print_seq(p, PRINT_BLOCK);
        for (unsigned step = 0; place_next(s->node, index, &step, &at);)
                put_slice(p, s->node, &at);
        print_end(p);
        print_end(p);
}

static void put_processes(struct printer *p, const struct node *n) {
        print_key(p, "processes");
        print_seq(p, PRINT_BLOCK);
        for (uint32_t i = 0; i < n->process_count; i++) {
                const struct node_process *process = &n->processes[i];
                print_map(p, PRINT_BLOCK);
                print_key_int(p, "pid", process->pid);
                print_key_string(p, "name", process->name);
                print_key_string(p, "kind", words_process_kinds[process->kind]);
                print_key_int(p, "gpu", process->gpu);
                put_ids(p, process->gi_id, process->ci_id);
                print_key_int(p, "memoryBytes", process->memory_bytes);
                print_key_int(p, "smPercent", process->sm_percent);
                print_key_int(p, "memoryBandwidthPercent", process->memory_percent);
                print_key_int(p, "encoderPercent", process->encoder_percent);
                print_key_int(p, "decoderPercent", process->decoder_percent);
                put_time(p, "started", process->start_us);
                print_end(p);
        }
        print_end(p);
}

static void put_faults(struct printer *p, const struct node *n) {
        char code[WORDS_CODE_MAX];

        print_key(p, "faults");
        print_seq(p, PRINT_BLOCK);
        for (uint32_t i = 0; i < n->fault_count; i++) {
                const struct node_fault *f = &n->faults[i];
                print_map(p, PRINT_BLOCK);
                print_key_string(p, "fault", words_fault_kinds[f->kind]);
                if (f->gpu != NODE_NONE)
                        print_key_int(p, "gpu", f->gpu);
                if (f->call[0])
                        print_key_string(p, "call", f->call);
                if (f->kind == FAULT_SLOW)
                        print_key_int(p, "ms", f->delay_ms);
                if (f->kind == FAULT_FAIL)
                        print_key_string(p, "code", words_code(f->code, code));
                if (f->times)
                        print_key_int(p, "times", f->times);
                print_end(p);
        }
        print_end(p);
}

static void put_events(struct printer *p, const struct node *n) {
        uint64_t after = 0;

        print_key(p, "events");
        print_seq(p, PRINT_BLOCK);
        for (const struct node_event *v; (v = event_after(n, after)); after = v->sequence) {
                print_map(p, PRINT_BLOCK);
                print_key_int(p, "sequence", v->sequence);
                put_time(p, "time", v->time_us);
                print_key_string(p, "event", words_event(v->type));
                print_key_int(p, "data", v->data);
                print_key_int(p, "gpu", v->gpu);
                put_ids(p, v->gi_id, v->ci_id);
                print_end(p);
        }
        print_end(p);
}

static void put_head(struct printer *p, const char *kind) {
        print_key_string(p, "apiVersion", "sim.carve.dev/v1alpha1");
        print_key_string(p, "kind", kind);
}

void show_document(const struct show *s, struct printer *p) {
        const struct node *n = s->node;

        print_map(p, PRINT_BLOCK);
        put_head(p, "Node");
        print_key_string(p, "driver", n->driver);
        print_key_int(p, "cuda", n->cuda);
        print_key_int(p, "seed", n->seed);
        print_key_int(p, "boot", n->boot);
        put_time(p, "booted", n->boot_us);
        print_key_int(p, "latencyPercent", n->latency_percent);
        print_key_int(p, "releaseMs", n->release_ms);
        print_key_int(p, "jitterPercent", n->jitter_percent);
        print_key_bool(p, "nvswitch", n->nvswitch);
        print_key_string(p, "migUuids", n->random_mig_uuids ? "random" : "stable");
        print_key(p, "gpus");
        print_seq(p, PRINT_BLOCK);
        for (unsigned i = 0; i < n->gpu_count; i++)
                put_gpu(p, s, i);
        print_end(p);
        put_processes(p, n);
        put_faults(p, n);
        put_events(p, n);
        print_end(p);
}

void show_document_processes(const struct show *s, struct printer *p) {
        print_map(p, PRINT_BLOCK);
        put_head(p, "Processes");
        put_processes(p, s->node);
        print_end(p);
}
