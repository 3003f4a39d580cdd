#include "sim/node/process.h"

#include <string.h>

#include "sim/node/account.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"

#define COMPUTE_MODE_DEFAULT 0 /* nvmlComputeMode_t */
#define COMPUTE_MODE_PROHIBITED 2

static bool is_place(const struct node_process *a, const struct node_process *b) {
        return a->gpu == b->gpu && a->gi_id == b->gi_id && a->ci_id == b->ci_id;
}

/* The slice that a process names; on a GPU in MIG mode it must name one, on another none. */
static bool find_place(const struct node_gpu *gpu, const struct node_process *p, unsigned *ret_gi_slot, unsigned *ret_ci_slot) {
        if (!gpu->mig_mode) {
                *ret_gi_slot = *ret_ci_slot = NODE_NONE;
                return p->gi_id == NODE_NONE && p->ci_id == NODE_NONE;
        }
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                for (unsigned j = 0; j < NODE_CIS_MAX; j++) {
                        const struct node_gi *gi = &gpu->gi[i];
                        if (gi->live && gi->ci[j].live && gi->id == p->gi_id && gi->ci[j].id == p->ci_id) {
                                *ret_gi_slot = i;
                                *ret_ci_slot = j;
                                return true;
                        }
                }
        return false;
}

static bool is_sane(const struct node_process *p) {
        return p->pid != 0 && p->kind < PROCESS_KIND_MAX && p->sm_percent <= 100 && p->memory_percent <= 100 && p->encoder_percent <= 100 &&
               p->decoder_percent <= 100 && memchr(p->name, '\0', sizeof p->name);
}

/* Exclusive modes let one process in, prohibited none. */
static bool is_excluded(const struct node *n, const struct node_process *p, unsigned compute_mode) {
        if (compute_mode == COMPUTE_MODE_DEFAULT || p->kind == PROCESS_GRAPHICS)
                return false;
        if (compute_mode == COMPUTE_MODE_PROHIBITED)
                return true;
        for (unsigned i = 0; i < n->process_count; i++)
                if (is_place(&n->processes[i], p) && n->processes[i].pid != p->pid && n->processes[i].kind != PROCESS_GRAPHICS)
                        return true;
        return false;
}

nvmlReturn_t process_start(struct node *n, const struct node_process *p, uint64_t now_us) {
        unsigned gi_slot, ci_slot;

        if (!is_sane(p) || p->gpu >= n->gpu_count || !find_place(&n->gpus[p->gpu], p, &gi_slot, &ci_slot))
                return NVML_ERROR_INVALID_ARGUMENT;
        const struct node_gpu *gpu = &n->gpus[p->gpu];
        if (is_excluded(n, p, ci_slot == NODE_NONE ? gpu->compute_mode : gpu->gi[gi_slot].ci[ci_slot].compute_mode))
                return NVML_ERROR_IN_USE;
        if (n->process_count == NODE_PROCESSES_MAX)
                return NVML_ERROR_INSUFFICIENT_RESOURCES;
        struct mig_memory memory;
        mig_memory(n, p->gpu, gi_slot, &memory);
        if (p->memory_bytes > memory.total - memory.reserved - memory.used)
                return NVML_ERROR_MEMORY;

        reading_settle(n, p->gpu, now_us);
        n->processes[n->process_count] = *p;
        n->processes[n->process_count].start_us = now_us;
        n->process_count++;
        return NVML_SUCCESS;
}

/* Its instance is let go only a little later. */
static void release(struct node *n, const struct node_process *p, uint64_t now_us) {
        struct node_gpu *gpu = &n->gpus[p->gpu];

        reading_settle(n, p->gpu, now_us);
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (gpu->gi[i].live && gpu->gi[i].id == p->gi_id)
                        gpu->gi[i].busy_until_us = now_us + UINT64_C(1000) * n->release_ms;
}

nvmlReturn_t process_end(struct node *n, uint32_t pid, uint64_t now_us) {
        unsigned kept = 0, count = n->process_count;

        if (pid == 0)
                return NVML_ERROR_NOT_FOUND;
        account_close(n, pid, now_us);
        for (unsigned i = 0; i < count; i++)
                if (n->processes[i].pid == pid)
                        release(n, &n->processes[i], now_us);
        for (unsigned i = 0; i < count; i++)
                if (n->processes[i].pid != pid)
                        n->processes[kept++] = n->processes[i];
        if (kept == count)
                return NVML_ERROR_NOT_FOUND;
        memset(&n->processes[kept], 0, (count - kept) * sizeof n->processes[0]);
        n->process_count = kept;
        return NVML_SUCCESS;
}

int process_next(const struct node *n, unsigned from, unsigned gpu, unsigned gi_id, unsigned ci_id, unsigned kind) {
        for (unsigned i = from; i < n->process_count; i++) {
                const struct node_process *p = &n->processes[i];
                if (p->gpu == gpu && (gi_id == NODE_NONE || p->gi_id == gi_id) && (ci_id == NODE_NONE || p->ci_id == ci_id) &&
                    (kind == PROCESS_KIND_MAX || p->kind == kind))
                        return (int)i;
        }
        return -1;
}
