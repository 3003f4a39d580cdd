/* scenario_build: what a scenario says, carried out on a node that was just switched on. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"
#include "sim/tool/fields.h"
#include "sim/tool/scenario.h"
#include "sim/tool/start.h"
#include "sim/tool/words.h"

/* As `e`, but with the place in front and as a fault of the file. */
static int at_place(const struct scenario *s, struct text_place place, struct err *e) {
        struct err inner = *e;

        return fields_fault(e, s->file, place, "%s", inner.text);
}

static int init_node(const struct scenario *s, uint64_t now_us, struct node *n, struct err *e) {
        struct node_gpu_wish wishes[NODE_GPUS_MAX];
        const struct scenario_settings *set = &s->settings;
        unsigned count = 0;

        for (unsigned i = 0; i < s->gpu_count; i++)
                for (int64_t j = 0; j < s->gpus[i].count; j++) {
                        const struct scenario_gpu *gpu = &s->gpus[i];
                        if (count == NODE_GPUS_MAX)
                                return fields_fault(e, s->file, gpu->place, "more than %d GPUs, which is what a node can have",
                                                    NODE_GPUS_MAX);
                        wishes[count++] = (struct node_gpu_wish){ .model = gpu->model,
                                                                  .product = gpu->product,
                                                                  .numa_node = (uint8_t)MAX(gpu->numa_node, 0),
                                                                  .mig = gpu->mig > 0 || gpu->slice_count > 0 };
                }
        int r = node_init(n, set->driver, (uint64_t)set->seed, wishes, count, now_us, e);
        if (r < 0) /* what the command line says stands in no file */
                return s->gpus[0].place.line ? err_wrap(e, "%s", s->file) : r;
        if (set->latency_percent >= 0)
                n->latency_percent = (uint32_t)set->latency_percent;
        if (set->release_ms >= 0)
                n->release_ms = (uint32_t)set->release_ms;
        if (set->jitter_percent >= 0)
                n->jitter_percent = (uint8_t)set->jitter_percent;
        if (set->nvswitch >= 0)
                n->nvswitch = set->nvswitch > 0;
        if (set->mig_uuids >= 0)
                n->random_mig_uuids = set->mig_uuids > 0;
        return 0;
}

static void set_if_given(uint8_t *value, int64_t given) {
        if (given >= 0)
                *value = (uint8_t)given;
}

static void set_load(struct node_load *load, const struct scenario_load *given) {
        set_if_given(&load->gpu_percent, given->gpu);
        set_if_given(&load->memory_percent, given->memory);
        set_if_given(&load->encoder_percent, given->encoder);
        set_if_given(&load->decoder_percent, given->decoder);
        set_if_given(&load->jpeg_percent, given->jpeg);
        set_if_given(&load->ofa_percent, given->ofa);
        set_if_given(&load->fan_percent, given->fan);
        set_if_given(&load->temperature_c, given->temperature_c);
        if (given->power_watts >= 0)
                load->power_mw = (uint32_t)given->power_watts * 1000;
        if (given->sm_clock_mhz >= 0)
                load->sm_clock_mhz = (uint32_t)given->sm_clock_mhz;
        load->pcie_tx_kib_s = (uint32_t)MAX(given->pcie_tx, 0) * 1024;
        load->pcie_rx_kib_s = (uint32_t)MAX(given->pcie_rx, 0) * 1024;
        load->nvlink_tx_mib_s = (uint32_t)MAX(given->nvlink_tx, 0);
        load->nvlink_rx_mib_s = (uint32_t)MAX(given->nvlink_rx, 0);
}

static int set_gpu(const struct scenario *s, const struct scenario_gpu *given, struct node_gpu *gpu, struct err *e) {
        const struct board *board = board_of(given->model);

        set_if_given(&gpu->persistence_mode, given->persistence);
        set_if_given(&gpu->ecc_mode, given->ecc);
        set_if_given(&gpu->ecc_pending, given->ecc);
        set_if_given(&gpu->compute_mode, given->compute_mode);
        set_if_given(&gpu->pending_rows, given->rows.pending);
        set_if_given(&gpu->failed_rows, given->rows.failed);
        gpu->remapped_corrected = (uint32_t)MAX(given->rows.corrected, 0);
        gpu->remapped_uncorrected = (uint32_t)MAX(given->rows.uncorrected, 0);
        set_if_given(&gpu->recovery_action, given->recovery_action);
        gpu->pcie_replays = (uint64_t)MAX(given->pcie_replays, 0);
        set_load(&gpu->load, &given->load);
        if (given->power_limit_watts < 0)
                return 0;
        if (given->power_limit_watts < board->power_min_w || given->power_limit_watts > board->power_default_w)
                return fields_fault(e, s->file, given->place, "powerLimitWatts: %s allows %u..%u W, not %ld W", given->model->key,
                                    board->power_min_w, board->power_default_w, (long)given->power_limit_watts);
        gpu->power_limit_mw = (uint32_t)given->power_limit_watts * 1000;
        return 0;
}

/* Why there is no place for a slice, in the words of core/gpu. */
static int no_room(const struct scenario *s, const struct node *n, unsigned gpu, const struct scenario_slice *slice, nvmlReturn_t r,
                   struct err *e) {
        const struct layout layout = mig_layout(&n->gpus[gpu]);
        const struct gpu_profile *known;
        char code[WORDS_CODE_MAX];
        struct err why;
        uint8_t start;
        int refused = slice->start >= 0 ? layout_can_add(&layout, (struct slice){ slice->profile, (uint8_t)slice->start }, &why)
                                        : layout_best_start(&layout, slice->profile, &start, &why);

        if (refused < 0)
                return fields_fault(e, s->file, slice->place, "layout: %s", why.text);
        if (mig_profile_by_id(n, gpu, slice->profile->id, &known) != NVML_SUCCESS)
                return fields_fault(e, s->file, slice->place, "layout: driver %s has no slice %s", s->settings.driver,
                                    slice->profile->name);
        return fields_fault(e, s->file, slice->place, "layout: %s: the simulated driver says %s", slice->profile->name,
                            words_code(r, code));
}

static int add_compute(const struct scenario *s, struct node *n, unsigned gpu, unsigned slot, const struct scenario_slice *slice,
                       uint64_t now_us, struct err *e) {
        const struct gpu_profile *profile = slice->profile;
        uint8_t whole = profile->compute[profile->compute_count - 1].slices;
        unsigned count = slice->compute_given ? slice->compute_count : 1;

        for (unsigned i = 0; i < count; i++) {
                uint8_t slices = slice->compute_given ? slice->compute[i] : whole;
                unsigned at = profile->compute_count;
                while (at > 0 && profile->compute[at - 1].slices != slices) /* of equal sizes the last: it has all SMs */
                        at--;
                unsigned ignored;
                if (mig_create_ci(n, gpu, slot, profile->compute[at - 1].id, NULL, now_us, &ignored) != NVML_SUCCESS)
                        return fields_fault(e, s->file, slice->place,
                                            "compute: the compute instances need more than the %u compute slices of %s",
                                            profile->compute_slices, profile->name);
        }
        return 0;
}

static int add_slice(const struct scenario *s, struct node *n, unsigned gpu, const struct scenario_slice *slice, uint64_t now_us,
                     struct err *e) {
        const nvmlGpuInstancePlacement_t place = { .start = (unsigned)slice->start, .size = slice->profile->memory_slices };
        unsigned slot;
        nvmlReturn_t r = mig_create_gi(n, gpu, slice->profile->id, slice->start >= 0 ? &place : NULL, now_us, &slot);

        return r == NVML_SUCCESS ? add_compute(s, n, gpu, slot, slice, now_us, e) : no_room(s, n, gpu, slice, r, e);
}

/* Those that must stand somewhere first, then the rest, the largest first: small ones find room between large ones, not the other way. */
static int add_slices(const struct scenario *s, struct node *n, unsigned gpu, const struct scenario_gpu *given, uint64_t now_us,
                      struct err *e) {
        for (unsigned i = 0; i < given->slice_count; i++)
                if (given->slices[i].start >= 0) {
                        int r = add_slice(s, n, gpu, &given->slices[i], now_us, e);
                        if (r < 0)
                                return r;
                }
        for (unsigned size = LAYOUT_SLICES_MAX; size > 0; size--)
                for (unsigned i = 0; i < given->slice_count; i++)
                        if (given->slices[i].start < 0 && given->slices[i].profile->memory_slices == size) {
                                int r = add_slice(s, n, gpu, &given->slices[i], now_us, e);
                                if (r < 0)
                                        return r;
                        }
        return 0;
}

static int build_gpus(const struct scenario *s, uint64_t now_us, struct node *n, struct err *e) {
        unsigned gpu = 0;

        for (unsigned i = 0; i < s->gpu_count; i++)
                for (int64_t j = 0; j < s->gpus[i].count; j++, gpu++) {
                        int r = set_gpu(s, &s->gpus[i], &n->gpus[gpu], e);
                        if (r < 0 || (r = add_slices(s, n, gpu, &s->gpus[i], now_us, e)) < 0)
                                return r;
                }
        return 0;
}

static int build_process(const struct scenario *s, const struct scenario_process *given, uint64_t now_us, struct node *n, struct err *e) {
        struct place at = { (uint8_t)given->gpu, NODE_NONE, NODE_NONE };
        int r = place_check_gpu(n, given->gpu, e);

        if (r < 0)
                return at_place(s, given->place, e);
        if (given->slice && (r = place_read(n, at.gpu, given->slice, &at, e)) < 0)
                return at_place(s, given->place, e);
        for (int64_t i = 0; i < given->count && r >= 0; i++) {
                struct node_process p = { .pid = (uint32_t)given->pid,
                                          .kind = (uint8_t)given->kind,
                                          .memory_bytes = (uint64_t)given->memory_bytes,
                                          .sm_percent = (uint8_t)given->sm,
                                          .memory_percent = (uint8_t)given->memory_bandwidth,
                                          .encoder_percent = (uint8_t)given->encoder,
                                          .decoder_percent = (uint8_t)given->decoder };
                snprintf(p.name, sizeof p.name, "%s", given->name ? given->name : "python3");
                r = start_process(n, &at, &p, now_us, e);
        }
        return r < 0 ? at_place(s, given->place, e) : 0;
}

static void forget_events(struct node *n) {
        memset(n->events, 0, sizeof n->events);
        n->last_event = 0;
}

int scenario_build(const struct scenario *s, uint64_t now_us, struct node *ret, struct err *e) {
        int r = init_node(s, now_us, ret, e);

        if (r < 0 || (r = build_gpus(s, now_us, ret, e)) < 0)
                return r;
        forget_events(ret); /* the slices were there when the machine was switched on */
        for (unsigned i = 0; i < s->process_count; i++)
                if ((r = build_process(s, &s->processes[i], now_us, ret, e)) < 0)
                        return r;
        for (unsigned i = 0; i < s->fault_count; i++)
                if (inject(ret, &s->faults[i].injection, now_us, e) < 0)
                        return at_place(s, s->faults[i].place, e);
        if (node_check(ret, e) < 0) {
                e->code = ERR_BUG;
                return err_wrap(e, "%s makes a node that cannot be", s->file);
        }
        return 0;
}
