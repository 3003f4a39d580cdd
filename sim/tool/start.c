#include "sim/tool/start.h"

#include "sim/node/mig.h"
#include "sim/node/process.h"
#include "sim/tool/words.h"

#define PID_FIRST 2000
#define PID_LAST 4194303 /* Linux gives no higher ones */

/* splitmix64: a good spread from a counter (Steele, Lea, Flood 2014). */
static uint64_t spread(uint64_t x) {
        x += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

static bool taken(const struct node *n, uint32_t pid) {
        for (uint32_t i = 0; i < n->process_count; i++)
                if (n->processes[i].pid == pid)
                        return true;
        return false;
}

uint32_t start_draw_pid(struct node *n) {
        uint32_t pid;

        do
                pid = (uint32_t)(PID_FIRST + spread(n->seed ^ spread(n->pids_drawn++)) % (PID_LAST - PID_FIRST + 1));
        while (taken(n, pid));
        return pid;
}

static int refused(const struct node *n, const struct place *at, const struct node_process *p, nvmlReturn_t r, struct err *e) {
        struct mig_memory memory;
        char code[WORDS_CODE_MAX], where[PLACE_TEXT_MAX] = "";

        if (at->gi_slot != NODE_NONE)
                place_print(n, at, where);
        switch (r) {
        case NVML_ERROR_MEMORY:
                mig_memory(n, at->gpu, at->gi_slot, &memory);
                return err_set(e, ERR_GPU, "GPU %u%s%s has %lu MiB free, and the process wants %lu MiB", at->gpu, *where ? " slice " : "",
                               where, (unsigned long)((memory.total - memory.reserved - memory.used) >> 20),
                               (unsigned long)(p->memory_bytes >> 20));
        case NVML_ERROR_INSUFFICIENT_RESOURCES:
                return err_set(e, ERR_GPU, "%d processes run already, and there is no room for more", NODE_PROCESSES_MAX);
        case NVML_ERROR_IN_USE:
                return err_set(e, ERR_GPU, "the compute mode of GPU %u%s%s lets no other process in", at->gpu, *where ? " slice " : "",
                               where);
        default:
                return err_set(e, ERR_GPU, "GPU %u refuses the process: %s", at->gpu, words_code(r, code));
        }
}

int start_process(struct node *n, const struct place *at, struct node_process *p, uint64_t now_us, struct err *e) {
        const struct node_gpu *gpu = &n->gpus[at->gpu];

        if (!node_is_plain(p->name))
                return err_set(e, ERR_USAGE, "the name of a process has no control characters");
        p->gpu = at->gpu;
        p->gi_id = p->ci_id = NODE_NONE;
        if (gpu->mig_mode && (at->gi_slot == NODE_NONE || at->ci_slot == NODE_NONE))
                return err_set(e, ERR_USAGE, "MIG is on on GPU %u: name a slice that has a compute instance", at->gpu);
        if (at->gi_slot != NODE_NONE) {
                p->gi_id = gpu->gi[at->gi_slot].id;
                p->ci_id = gpu->gi[at->gi_slot].ci[at->ci_slot].id;
        }
        if (!p->pid)
                p->pid = start_draw_pid(n);
        nvmlReturn_t r = process_start(n, p, now_us);
        return r == NVML_SUCCESS ? 0 : refused(n, at, p, r, e);
}
