#include "sim/node/event.h"

#include "sim/node/reading.h"

#define XID_FALLEN_OFF_BUS 79

void event_add(struct node *n, unsigned gpu, uint64_t type, uint64_t data, uint32_t gi_id, uint32_t ci_id, uint64_t now_us) {
        uint64_t sequence = ++n->last_event;

        n->events[(sequence - 1) % NODE_EVENTS_MAX] = (struct node_event){
                .sequence = sequence,
                .time_us = now_us,
                .type = type,
                .data = data,
                .gi_id = gi_id,
                .ci_id = ci_id,
                .gpu = (uint8_t)gpu,
        };
}

const struct node_event *event_after(const struct node *n, uint64_t sequence) {
        if (sequence >= n->last_event)
                return NULL;
        if (n->last_event - sequence > NODE_EVENTS_MAX) /* older ones are forgotten */
                sequence = n->last_event - NODE_EVENTS_MAX;
        return &n->events[sequence % NODE_EVENTS_MAX];
}

nvmlReturn_t event_xid(struct node *n, unsigned gpu, unsigned xid, uint32_t gi_id, uint32_t ci_id, uint64_t now_us) {
        if (gpu >= n->gpu_count)
                return NVML_ERROR_INVALID_ARGUMENT;
        event_add(n, gpu, nvmlEventTypeXidCriticalError, xid, gi_id, ci_id, now_us);
        return NVML_SUCCESS;
}

nvmlReturn_t event_ecc(struct node *n, unsigned gpu, bool uncorrected, bool dram, unsigned count, uint64_t now_us) {
        if (gpu >= n->gpu_count)
                return NVML_ERROR_INVALID_ARGUMENT;
        struct node_gpu *g = &n->gpus[gpu];
        if (!g->ecc_mode)
                return NVML_ERROR_NOT_SUPPORTED;

        struct node_ecc *counters[] = { &g->ecc_volatile, &g->ecc_aggregate };
        for (unsigned i = 0; i < 2; i++) {
                struct node_ecc *c = counters[i];
                uint64_t *counter = uncorrected ? (dram ? &c->dram_uncorrected : &c->sram_uncorrected)
                                                : (dram ? &c->dram_corrected : &c->sram_corrected);
                *counter += count;
        }
        if (uncorrected && dram && board_of(node_model(g))->row_remap) { /* a spare row takes its place at the next reset */
                g->remapped_uncorrected++;
                g->pending_rows = 1;
        }
        event_add(n, gpu, uncorrected ? nvmlEventTypeDoubleBitEccError : nvmlEventTypeSingleBitEccError, 0, NVML_NO_INSTANCE,
                  NVML_NO_INSTANCE, now_us);
        return NVML_SUCCESS;
}

nvmlReturn_t event_lost(struct node *n, unsigned gpu, bool lost, uint64_t now_us) {
        if (gpu >= n->gpu_count)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (lost && !n->gpus[gpu].lost)
                event_add(n, gpu, nvmlEventTypeXidCriticalError, XID_FALLEN_OFF_BUS, NVML_NO_INSTANCE, NVML_NO_INSTANCE, now_us);
        n->gpus[gpu].lost = lost;
        return NVML_SUCCESS;
}
