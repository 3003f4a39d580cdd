/* MIG devices: their indexes, names and memory. */
#include <stdio.h>

#include "sim/node/driver.h"
#include "sim/node/mig.h"
#include "sim/node/mig_parts.h"
#include "sim/node/reading.h"
#include "sim/node/uuid.h"

#define MIB (UINT64_C(1) << 20)
#define UUID_OF_ITS_OWN DRIVER(470, 42, 1) /* before it, a MIG device is named after its GPU */

unsigned mig_max_devices(const struct node_gpu *gpu) {
        return gpu->mig_mode ? node_model(gpu)->compute_slices : 0;
}

bool mig_device_at(const struct node_gpu *gpu, unsigned index, unsigned *ret_gi_slot, unsigned *ret_ci_slot) {
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                for (unsigned j = 0; gpu->gi[i].live && j < NODE_CIS_MAX; j++)
                        if (gpu->gi[i].ci[j].live && gpu->gi[i].ci[j].mig_index == index) {
                                *ret_gi_slot = i;
                                *ret_ci_slot = j;
                                return true;
                        }
        return false;
}

void mig_number_devices(struct node_gpu *gpu) {
        struct node_ci *by_id[MIG_GI_IDS][NODE_CIS_MAX] = { 0 };
        unsigned next = 0;

        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                for (unsigned j = 0; gpu->gi[i].live && j < NODE_CIS_MAX; j++)
                        if (gpu->gi[i].ci[j].live)
                                by_id[gpu->gi[i].id][gpu->gi[i].ci[j].id] = &gpu->gi[i].ci[j];
        for (unsigned gi = 0; gi < MIG_GI_IDS; gi++)
                for (unsigned ci = 0; ci < NODE_CIS_MAX; ci++)
                        if (by_id[gi][ci])
                                by_id[gi][ci]->mig_index = (uint8_t)next++;
}

void mig_attributes(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot, nvmlDeviceAttributes_t *ret_attributes) {
        const struct node_gpu *g = &n->gpus[gpu];
        const struct node_gi *gi = &g->gi[gi_slot];
        const struct node_ci *ci = &gi->ci[ci_slot];
        const struct gpu_profile *profile = &node_model(g)->profiles[gi->profile];

        *ret_attributes = (nvmlDeviceAttributes_t){
                .multiprocessorCount = mig_sm(g, mig_compute_profile(g, gi, ci->profile)->sm, ci->size),
                .sharedCopyEngineCount = profile->engines[GPU_ENGINE_COPY],
                .sharedDecoderCount = profile->engines[GPU_ENGINE_DECODE],
                .sharedEncoderCount = profile->engines[GPU_ENGINE_ENCODE],
                .sharedJpegCount = profile->engines[GPU_ENGINE_JPEG],
                .sharedOfaCount = profile->engines[GPU_ENGINE_OFA],
                .gpuInstanceSliceCount = profile->compute_slices,
                .computeInstanceSliceCount = ci->size,
                .memorySizeMB = mig_profile_memory_mib(n, gpu, profile),
        };
}

void mig_gpu_uuid(const struct node_gpu *gpu, char text[MIG_UUID_MAX]) {
        char uuid[UUID_TEXT];

        uuid_print(gpu->uuid, uuid);
        snprintf(text, MIG_UUID_MAX, "GPU-%s", uuid);
}

void mig_device_uuid(const struct node *n, unsigned gpu, unsigned gi_slot, unsigned ci_slot, char text[MIG_UUID_MAX]) {
        const struct node_gpu *g = &n->gpus[gpu];
        const struct node_gi *gi = &g->gi[gi_slot];
        const struct node_ci *ci = &gi->ci[ci_slot];
        uint8_t uuid[16];
        char digits[UUID_TEXT];

        if (driver_of(n) < UUID_OF_ITS_OWN) {
                uuid_print(g->uuid, digits);
                snprintf(text, MIG_UUID_MAX, "MIG-GPU-%s/%u/%u", digits, gi->id, ci->id);
                return;
        }
        unsigned first = mig_first_slice(node_model(g), gi->start) + ci->start;
        uuid_mig(board_of(node_model(g))->chip, g->pdi, gi->id, first, n->random_mig_uuids ? ci->serial : 0, uuid);
        uuid_print(uuid, digits);
        snprintf(text, MIG_UUID_MAX, "MIG-%s", digits);
}

/* What an instance without processes shows as used, as R590 does: 9 MiB on a 1g, 17 on a 2g, 26 on a 3g. */
#define IDLE_KIB_PER_SLICE 8704

static uint64_t process_bytes(const struct node *n, unsigned gpu, unsigned gi_id) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < n->process_count; i++)
                if (n->processes[i].gpu == gpu && n->processes[i].gi_id == gi_id)
                        sum += n->processes[i].memory_bytes;
        return sum;
}

static void instance_memory(const struct node *n, unsigned gpu, unsigned gi_slot, struct mig_memory *ret_memory) {
        const struct node_gi *gi = &n->gpus[gpu].gi[gi_slot];
        const struct gpu_model *model = node_model(&n->gpus[gpu]);
        const struct gpu_profile *profile = &model->profiles[gi->profile];

        *ret_memory = (struct mig_memory){
                .total = mig_profile_memory_mib(n, gpu, profile) * MIB,
                .used = profile->compute_slices * IDLE_KIB_PER_SLICE * UINT64_C(1024) + process_bytes(n, gpu, gi->id),
        };
        if (ret_memory->used > ret_memory->total)
                ret_memory->used = ret_memory->total;
}

void mig_memory(const struct node *n, unsigned gpu, unsigned gi_slot, struct mig_memory *ret_memory) {
        const struct node_gpu *g = &n->gpus[gpu];
        uint64_t total_mib = node_model(g)->memory_mib;

        if (gi_slot != NODE_NONE) {
                instance_memory(n, gpu, gi_slot, ret_memory);
                return;
        }
        *ret_memory = (struct mig_memory){ .total = total_mib * MIB, .reserved = board_of(node_model(g))->reserved_mib * MIB };
        ret_memory->used = process_bytes(n, gpu, NODE_NONE);
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (g->gi[i].live) {
                        struct mig_memory part;
                        instance_memory(n, gpu, i, &part);
                        ret_memory->used += part.used;
                }
        if (ret_memory->used > ret_memory->total - ret_memory->reserved) /* a full 7g has some of what is reserved otherwise */
                ret_memory->used = ret_memory->total - ret_memory->reserved;
}

/* As R590 was seen to do it: a GPU in MIG mode maps all of its own memory, and of what is left each instance gets its eighths. A window
 * that is smaller than the memory shows little of it. */
#define BAR1_KEPT_MIB 512
#define BAR1_SMALL_USED_MIB 2

static uint64_t bar1_used(const struct node *n, unsigned gpu, uint64_t bar1) {
        struct mig_memory memory;

        mig_memory(n, gpu, NODE_NONE, &memory);
        if (bar1 < memory.total)
                return bar1 ? BAR1_SMALL_USED_MIB * MIB : 0;
        return n->gpus[gpu].mig_mode ? memory.total - memory.reserved : memory.used;
}

void mig_bar1(const struct node *n, unsigned gpu, unsigned gi_slot, struct mig_memory *ret_memory) {
        const struct node_gpu *g = &n->gpus[gpu];
        const struct gpu_model *model = node_model(g);
        uint64_t bar1 = board_of(model)->bar1_mib * MIB, used = bar1_used(n, gpu, bar1);

        if (gi_slot == NODE_NONE) {
                *ret_memory = (struct mig_memory){ .total = bar1, .used = used };
                return;
        }
        uint64_t shared_mib = bar1 > used + BAR1_KEPT_MIB * MIB ? (bar1 - used) / MIB - BAR1_KEPT_MIB : 0;
        const struct gpu_profile *profile = &model->profiles[g->gi[gi_slot].profile];
        *ret_memory = (struct mig_memory){ .total = shared_mib * profile->memory_slices / model->memory_slices * MIB };
}
