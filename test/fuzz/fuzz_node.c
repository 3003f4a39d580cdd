/* Bytes as a history of a node: operations of the simulator, and damage as a state file may have it. What node_check lets through, every
 * function must be able to use; what operations made of a good node must be good again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/node/mig.h"
#include "sim/node/process.h"
#include "sim/node/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct input {
        const uint8_t *at, *end;
};

static uint8_t next(struct input *in) {
        return in->at < in->end ? *in->at++ : 0;
}

static void use_slices(const struct node *n, unsigned gpu, uint64_t now_us) {
        const struct node_gpu *g = &n->gpus[gpu];
        struct mig_memory memory;
        struct reading reading;

        for (unsigned gi = 0; gi < NODE_GIS_MAX; gi++) {
                if (!g->gi[gi].live)
                        continue;
                mig_memory(n, gpu, gi, &memory);
                if (memory.used > memory.total)
                        abort();
                mig_bar1(n, gpu, gi, &memory);
                reading_slice(n, gpu, g->gi[gi].id, NODE_NONE, now_us, &reading);
                for (unsigned id = 0; id < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; id++) {
                        nvmlComputeInstancePlacement_t places[NODE_CIS_MAX];
                        if (mig_compute_remaining(g, &g->gi[gi], id) > mig_compute_placements(g, &g->gi[gi], id, places))
                                abort();
                }
                for (unsigned ci = 0; ci < NODE_CIS_MAX; ci++) {
                        nvmlDeviceAttributes_t attributes;
                        char uuid[MIG_UUID_MAX];
                        unsigned gi_slot, ci_slot;
                        if (!g->gi[gi].ci[ci].live)
                                continue;
                        mig_attributes(n, gpu, gi, ci, &attributes);
                        mig_device_uuid(n, gpu, gi, ci, uuid);
                        reading_slice(n, gpu, g->gi[gi].id, g->gi[gi].ci[ci].id, now_us, &reading);
                        if (reading.gpu_percent > 100 || !mig_device_at(g, g->gi[gi].ci[ci].mig_index, &gi_slot, &ci_slot) ||
                            gi_slot != gi || ci_slot != ci)
                                abort();
                }
        }
}

/* Every question that a client can ask. */
static void use(const struct node *n, uint64_t now_us) {
        for (unsigned gpu = 0; gpu < n->gpu_count; gpu++) {
                const struct node_gpu *g = &n->gpus[gpu];
                struct mig_memory memory;
                struct reading reading;
                char text[MIG_UUID_MAX];
                mig_memory(n, gpu, NODE_NONE, &memory);
                if (memory.used + memory.reserved > memory.total)
                        abort();
                mig_bar1(n, gpu, NODE_NONE, &memory);
                reading_gpu(n, gpu, now_us, &reading);
                if (reading.gpu_percent > 100 || reading.power_mw > g->power_limit_mw)
                        abort();
                mig_gpu_uuid(g, text);
                for (unsigned i = 0; i < NVML_GPU_INSTANCE_PROFILE_COUNT; i++) {
                        const struct gpu_profile *profile;
                        char name[32];
                        if (mig_profile_by_enum(n, gpu, i, &profile) != NVML_SUCCESS)
                                continue;
                        mig_profile_name(n, gpu, profile, profile->compute_slices, name);
                        if (mig_remaining(n, gpu, profile) > profile->max_count)
                                abort();
                }
                use_slices(n, gpu, now_us);
                for (int i = process_next(n, 0, gpu, NODE_NONE, NODE_NONE, PROCESS_COMPUTE); i >= 0;)
                        i = process_next(n, (unsigned)i + 1, gpu, NODE_NONE, NODE_NONE, PROCESS_COMPUTE);
        }
        for (const struct node_event *event = event_after(n, 0); event; event = event_after(n, event->sequence))
                if (event->gpu >= n->gpu_count)
                        abort();
}

static void change_mig(struct node *n, unsigned gpu, struct input *in, uint64_t now_us) {
        struct node_gpu *g = &n->gpus[gpu];
        uint8_t what = next(in), profile = next(in), start = next(in), size = next(in);
        unsigned slot = what / 8 % NODE_GIS_MAX, ret_slot;
        const nvmlGpuInstancePlacement_t place = { start, size };
        nvmlReturn_t activation;

        switch (what % 5) {
        case 0:
                mig_set_mode(n, gpu, profile % 3, now_us, &activation);
                break;
        case 1:
                mig_create_gi(n, gpu, profile, start & 0x80 ? NULL : &place, now_us, &ret_slot);
                break;
        case 2:
                if (g->gi[slot].live)
                        mig_create_ci(n, gpu, slot, profile % 16, start & 0x80 ? NULL : &place, now_us, &ret_slot);
                break;
        case 3:
                if (g->gi[slot].live && g->gi[slot].ci[profile % NODE_CIS_MAX].live)
                        mig_destroy_ci(n, gpu, slot, profile % NODE_CIS_MAX, now_us);
                break;
        default:
                if (g->gi[slot].live)
                        mig_destroy_gi(n, gpu, slot, now_us);
        }
}

static void happen(struct node *n, unsigned gpu, struct input *in, uint64_t now_us) {
        uint8_t what = next(in), a = next(in), b = next(in), c = next(in);
        const struct node_process p = { .pid = a % 8,
                                        .gpu = (uint8_t)gpu,
                                        .gi_id = b,
                                        .ci_id = c,
                                        .kind = what / 8 % 4,
                                        .sm_percent = a,
                                        .memory_bytes = (uint64_t)a << 28 };
        const struct node_fault f = { .kind = a % 5, .gpu = b, .code = c, .times = a / 8, .call = "nvmlInit" };

        switch (what % 8) {
        case 0:
                process_start(n, &p, now_us);
                break;
        case 1:
                process_end(n, a % 8, now_us);
                break;
        case 2:
                event_xid(n, gpu, a, b, c, now_us);
                break;
        case 3:
                event_ecc(n, gpu, a & 1, a & 2, b, now_us);
                break;
        case 4:
                event_lost(n, gpu, a & 1, now_us);
                break;
        case 5:
                fault_add(n, &f);
                break;
        case 6:
                node_reset_gpu(n, gpu, now_us);
                break;
        default:
                if (a == 0xff)
                        node_reboot(n, now_us);
                else if (a < n->fault_count)
                        fault_use(n, a);
        }
}

/* As if the file said so. Most of what is written is near the front, where the GPUs stand. */
static void damage(struct node *n, struct input *in) {
        size_t offset = (size_t)next(in) << 16 | (size_t)next(in) << 8 | next(in);

        ((uint8_t *)n)[offset % sizeof *n] = next(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        static const char *const drivers[] = { "590.48.01", "450.80.02", "470.41.03", "575.51.03" };
        struct input in = { data, data + bytes };
        struct node_gpu_wish wishes[4] = { 0 };
        struct node *n = malloc(sizeof *n);
        struct err e;
        uint64_t now_us = 1;

        if (!n)
                return 0;
        const char *driver = drivers[next(&in) % ARRAY_SIZE(drivers)];
        unsigned count = 1 + next(&in) % ARRAY_SIZE(wishes);
        for (unsigned i = 0; i < count; i++) {
                wishes[i].model = gpu_model_at(next(&in) % gpu_model_count());
                wishes[i].mig = next(&in) & 1;
        }
        bool good = node_init(n, driver, next(&in), wishes, count, now_us, &e) == 0;
        while (good && in.at < in.end) {
                uint8_t step = next(&in);
                unsigned gpu = step / 8 % n->gpu_count;
                now_us += step;
                if (step % 8 == 7) {
                        damage(n, &in);
                        good = node_check(n, &e) == 0;
                        continue;
                }
                if (step % 8 < 5)
                        change_mig(n, gpu, &in, now_us);
                else
                        happen(n, gpu, &in, now_us);
                if (node_check(n, &e) < 0) { /* nothing that is allowed makes a bad node */
                        fprintf(stderr, "%s\n", e.text);
                        abort();
                }
        }
        if (good)
                use(n, now_us);
        free(n);
        return 0;
}
