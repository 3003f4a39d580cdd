/* process: who uses a GPU. */
#include "base/mem.h"
#include "io/nvml/look.h"

#define TRIES_MAX 5 /* the list may grow between two calls */
#define COUNT_FIRST 64

/* What each version of the call fills in. The buffer always has room for the longest. */
union entry {
        nvmlProcessInfo_v1_t v1;
        nvmlProcessInfo_t v2;
        nvmlProcessDetail_v1_t with_protected;
};

const char *driver_process_kind_name(enum driver_process_kind kind) {
        static const char *const names[DRIVER_KIND_MAX] = { "compute", "graphics", "mps" };

        return names[kind];
}

/* Newest version first. Returns the bytes of an entry in `*ret_bytes`. */
#define ASK_NEWEST(job, call, bytes_v3)                                                                                                    \
        ({                                                                                                                                 \
                unsigned _count = *count;                                                                                                  \
                *ret_bytes = (bytes_v3);                                                                                                   \
                nvmlReturn_t _list = ASK(job, call##_v3, device, count, entries);                                                          \
                if (_list == NVML_ERROR_FUNCTION_NOT_FOUND) {                                                                              \
                        *count = _count;                                                                                                   \
                        *ret_bytes = sizeof(nvmlProcessInfo_t);                                                                            \
                        _list = ASK(job, call##_v2, device, count, entries);                                                               \
                }                                                                                                                          \
                if (_list == NVML_ERROR_FUNCTION_NOT_FOUND) {                                                                              \
                        *count = _count;                                                                                                   \
                        *ret_bytes = sizeof(nvmlProcessInfo_v1_t);                                                                         \
                        _list = ASK(job, call, device, count, entries);                                                                    \
                }                                                                                                                          \
                _list;                                                                                                                     \
        })

static nvmlReturn_t ask_list(struct job *job, nvmlDevice_t device, enum driver_process_kind kind, unsigned *count, void *entries,
                             size_t *ret_bytes) {
        size_t v3 = job->lib->process_entries_long ? sizeof(nvmlProcessDetail_v1_t) : sizeof(nvmlProcessInfo_t);

        switch (kind) {
        case DRIVER_COMPUTE:
                return ASK_NEWEST(job, nvmlDeviceGetComputeRunningProcesses, v3);
        case DRIVER_GRAPHICS:
                return ASK_NEWEST(job, nvmlDeviceGetGraphicsRunningProcesses, v3);
        default:
                return ASK_NEWEST(job, nvmlDeviceGetMPSComputeRunningProcesses, v3);
        }
}

static struct driver_process process_of(const char *at, size_t bytes, enum driver_process_kind kind) {
        struct driver_process p = { .kind = kind, .memory_bytes = DRIVER_UNKNOWN, .gi_id = DRIVER_NONE, .ci_id = DRIVER_NONE };
        union entry entry;

        memcpy(&entry, at, bytes);
        p.pid = entry.v1.pid;
        if (entry.v1.usedGpuMemory <= INT64_MAX) /* all ones: not told */
                p.memory_bytes = (int64_t)entry.v1.usedGpuMemory;
        if (bytes >= sizeof entry.v2) {
                p.gi_id = entry.v2.gpuInstanceId;
                p.ci_id = entry.v2.computeInstanceId;
        }
        return p;
}

static void keep(struct job *job, struct driver_gpu *gpu, size_t *capacity, struct driver_process p) {
        if (gpu->process_count == DRIVER_PROCESSES_MAX) {
                gpu->processes_cut = true;
                return;
        }
        if (ASK_TEXT(job, nvmlSystemGetProcessName, p.pid, p.name) != NVML_SUCCESS)
                *p.name = '\0';
        MEM_GROW(gpu->processes, gpu->process_count, *capacity);
        gpu->processes[gpu->process_count++] = p;
}

/* All processes of one kind. What the driver said last is the answer. */
static nvmlReturn_t look_kind(struct job *job, nvmlDevice_t device, enum driver_process_kind kind, struct driver_gpu *gpu,
                              size_t *capacity) {
        nvmlReturn_t r = NVML_ERROR_INSUFFICIENT_SIZE;
        unsigned room = COUNT_FIRST;

        for (unsigned try = 0; try < TRIES_MAX && r == NVML_ERROR_INSUFFICIENT_SIZE; try++) {
                _cleanup_free_ char *entries = mem_zalloc(room, sizeof(union entry));
                unsigned count = room;
                size_t bytes = 0;

                r = ask_list(job, device, kind, &count, entries, &bytes);
                if (r == NVML_SUCCESS && count > 0 && gpu->mig_on && bytes == sizeof(nvmlProcessInfo_v1_t))
                        snprintf(gpu->processes_unknown, sizeof gpu->processes_unknown,
                                 "the driver %s does not tell in which slice a process runs", job->lib->about.version);
                for (unsigned i = 0; r == NVML_SUCCESS && i < MIN(count, room); i++)
                        keep(job, gpu, capacity, process_of(entries + i * bytes, bytes, kind));
                room = MIN(count, (unsigned)DRIVER_PROCESSES_MAX) + COUNT_FIRST;
        }
        return r;
}

void look_processes(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu) {
        size_t capacity = 0;

        for (enum driver_process_kind kind = 0; kind < DRIVER_KIND_MAX; kind++) {
                nvmlReturn_t r = look_kind(job, device, kind, gpu, &capacity);
                if (r == NVML_SUCCESS || kind != DRIVER_COMPUTE) /* graphics and MPS do not exist everywhere */
                        continue;
                struct err e;
                job_fail(job, r, &e, "its processes cannot be listed");
                snprintf(gpu->processes_unknown, sizeof gpu->processes_unknown, "%s", e.text);
        }
}

unsigned process_names(const struct driver_gpu *gpu, uint32_t gi_id, char *text, size_t bytes) {
        unsigned count = 0;
        size_t used = 0;

        *text = '\0';
        for (unsigned i = 0; i < gpu->process_count; i++) {
                const struct driver_process *p = &gpu->processes[i];
                if (gi_id != DRIVER_NONE && p->gi_id != gi_id)
                        continue;
                char one[DRIVER_NAME_MAX + 16];
                int length = *p->name ? snprintf(one, sizeof one, "%s%u (%s)", count ? ", " : "", p->pid, p->name)
                                      : snprintf(one, sizeof one, "%s%u", count ? ", " : "", p->pid);
                count++;
                if (used + (size_t)length >= bytes)
                        continue;
                memcpy(text + used, one, (size_t)length + 1);
                used += (size_t)length;
        }
        return count;
}
