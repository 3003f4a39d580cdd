/* What a state file says may be anything: after this, every index, count and text in it can be used as it is. */
#include <string.h>

#include "base/mem.h"
#include "sim/node/driver.h"
#include "sim/node/fault.h"
#include "sim/node/mig.h"
#include "sim/node/mig_parts.h"
#include "sim/node/node.h"
#include "sim/node/reading.h"

#define GPU_MINOR_MAX 31 /* the driver has capability files for 32 GPUs */

bool node_is_plain(const char *text) {
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        return false;
        return true;
}

static bool is_text(const char *text, size_t bytes) {
        return memchr(text, '\0', bytes) && node_is_plain(text);
}

static int check_driver(const struct node *n, struct err *e) {
        uint16_t numbers[3];

        if (!is_text(n->driver, sizeof n->driver))
                return err_set(e, ERR_INPUT, "the driver version is not a text");
        int r = driver_parse(n->driver, numbers, e);
        if (r < 0)
                return r;
        if (numbers[0] != n->driver_major || numbers[1] != n->driver_minor || numbers[2] != n->driver_patch ||
            n->cuda != driver_cuda(numbers[0]))
                return err_set(e, ERR_INPUT, "driver %s does not fit its numbers", n->driver);
        if (n->gpu_count == 0 || n->gpu_count > NODE_GPUS_MAX)
                return err_set(e, ERR_INPUT, "%u GPUs", n->gpu_count);
        if (n->next_serial == 0 || n->jitter_percent > 100 || n->random_mig_uuids > 1 || n->nvswitch > 1)
                return err_set(e, ERR_INPUT, "a setting of the node is out of its range");
        return 0;
}

/* Model, texts, switches and numbers. */
static int check_gpu(const struct node_gpu *gpu, unsigned index, struct err *e) {
        const uint8_t switches[] = { gpu->mig_mode,        gpu->mig_pending, gpu->persistence_mode, gpu->ecc_mode,      gpu->ecc_pending,
                                     gpu->accounting_mode, gpu->lost,        gpu->exclusive_client, gpu->gpm_streaming, gpu->pending_rows,
                                     gpu->failed_rows };
        const uint8_t percents[] = { gpu->load.gpu_percent,  gpu->load.memory_percent, gpu->load.encoder_percent, gpu->load.decoder_percent,
                                     gpu->load.jpeg_percent, gpu->load.ofa_percent,    gpu->load.fan_percent };

        if (gpu->model_index >= gpu_model_count() || !is_text(gpu->model, sizeof gpu->model) ||
            strcmp(gpu->model, node_model(gpu)->key) != 0)
                return err_set(e, ERR_INPUT, "GPU %u is of no known model", index);
        if (!is_text(gpu->serial, sizeof gpu->serial) || !is_text(gpu->product, sizeof gpu->product) || !gpu->product[0])
                return err_set(e, ERR_INPUT, "GPU %u: its name or serial number is not a text", index);
        if (gpu->minor > GPU_MINOR_MAX || gpu->pci_device > 31)
                return err_set(e, ERR_INPUT, "GPU %u: its device or PCI number is out of range", index);
        for (unsigned i = 0; i < sizeof switches; i++)
                if (switches[i] > 1)
                        return err_set(e, ERR_INPUT, "GPU %u: a switch is neither on nor off", index);
        for (unsigned i = 0; i < sizeof percents; i++)
                if (percents[i] > 100)
                        return err_set(e, ERR_INPUT, "GPU %u: a load is above 100 %%", index);
        for (unsigned i = 0; i < NODE_ACCOUNTS_MAX; i++)
                if (gpu->accounts[i].gpu_percent > 100 || gpu->accounts[i].memory_percent > 100 ||
                    gpu->accounts[i].end_us < gpu->accounts[i].start_us)
                        return err_set(e, ERR_INPUT, "GPU %u: the account of an ended process is not right", index);
        if (gpu->compute_mode > NODE_COMPUTE_MODE_MAX || gpu->recovery_action > NODE_RECOVERY_ACTION_MAX)
                return err_set(e, ERR_INPUT, "GPU %u: a mode is out of range", index);
        if (gpu->power_limit_mw > board_of(node_model(gpu))->power_default_w * 1000)
                return err_set(e, ERR_INPUT, "GPU %u: its power limit is above what the board can", index);
        if (gpu->locked_max_mhz > board_of(node_model(gpu))->graphics_max_mhz || gpu->locked_min_mhz > gpu->locked_max_mhz)
                return err_set(e, ERR_INPUT, "GPU %u: its clock is locked where the board cannot be", index);
        return 0;
}

static int check_ci(const struct node *n, const struct node_gpu *gpu, const struct node_gi *gi, unsigned slot, unsigned *slices,
                    unsigned *ids, uint32_t *indexes, struct err *e) {
        const struct node_ci *ci = &gi->ci[slot];
        const struct gpu_compute_profile *compute = mig_compute_profile(gpu, gi, ci->profile);
        nvmlComputeInstancePlacement_t places[NODE_CIS_MAX];
        bool placed = false;

        for (unsigned i = 0, count = mig_compute_placements(gpu, gi, ci->profile, places); i < count; i++)
                placed = placed || (places[i].start == ci->start && places[i].size == ci->size);
        if (!compute || !placed || ci->id >= NODE_CIS_MAX || ci->compute_mode > NODE_COMPUTE_MODE_MAX)
                return err_set(e, ERR_INPUT, "compute instance %u of GPU instance %u is none that its profile allows", ci->id, gi->id);
        unsigned mask = ((1u << ci->size) - 1) << ci->start;
        if ((*slices & mask) || (*ids >> ci->id & 1))
                return err_set(e, ERR_INPUT, "compute instance %u of GPU instance %u overlaps another", ci->id, gi->id);
        if (ci->mig_index >= mig_max_devices(gpu) || (*indexes >> ci->mig_index & 1))
                return err_set(e, ERR_INPUT, "the index of a MIG device is out of range or stands there twice");
        if (ci->serial == 0 || ci->serial >= n->next_serial)
                return err_set(e, ERR_INPUT, "an instance has a number that was not given out yet");
        *slices |= mask;
        *ids |= 1u << ci->id;
        *indexes |= UINT32_C(1) << ci->mig_index;
        return 0;
}

static int check_gi(const struct node *n, unsigned index, const struct node_gi *gi, struct layout *layout, uint32_t *indexes,
                    struct err *e) {
        const struct node_gpu *gpu = &n->gpus[index];
        const struct gpu_model *model = node_model(gpu);
        const struct gpu_profile *known;
        unsigned slices = 0, ids = 0;

        if (gi->profile >= model->profile_count || mig_profile_by_id(n, index, model->profiles[gi->profile].id, &known) != NVML_SUCCESS)
                return err_set(e, ERR_INPUT, "GPU %u: an instance is of a profile that its driver does not have", index);
        int r = layout_add(layout, (struct slice){ known, gi->start }, e);
        if (r < 0)
                return err_set(e, ERR_INPUT, "GPU %u: two instances do not fit each other", index);
        if (gi->id != mig_gi_id(model, gi->start, known->memory_slices))
                return err_set(e, ERR_INPUT, "GPU %u: GPU instance %u cannot stand at memory slice %u", index, gi->id, gi->start);
        if (gi->serial == 0 || gi->serial >= n->next_serial)
                return err_set(e, ERR_INPUT, "an instance has a number that was not given out yet");
        for (unsigned i = 0; i < NODE_CIS_MAX; i++) {
                if (gi->ci[i].live > 1)
                        return err_set(e, ERR_INPUT, "GPU %u: a compute instance is neither there nor not", index);
                if (gi->ci[i].live && check_ci(n, gpu, gi, i, &slices, &ids, indexes, e) < 0)
                        return err_wrap(e, "GPU %u", index);
        }
        return 0;
}

static int check_instances(const struct node *n, unsigned index, struct err *e) {
        const struct node_gpu *gpu = &n->gpus[index];
        struct layout layout = { .model = node_model(gpu) };
        uint32_t indexes = 0;

        if ((gpu->mig_mode || gpu->mig_pending) && !driver_knows_mig(n, node_model(gpu)))
                return err_set(e, ERR_INPUT, "GPU %u: driver %s knows no MIG on it", index, n->driver);
        for (unsigned i = 0; i < NODE_GIS_MAX; i++) {
                if (gpu->gi[i].live > 1 || (gpu->gi[i].live && !gpu->mig_mode))
                        return err_set(e, ERR_INPUT, "GPU %u: it has instances without MIG mode", index);
                if (!gpu->gi[i].live)
                        continue;
                int r = check_gi(n, index, &gpu->gi[i], &layout, &indexes, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool has_place(const struct node_gpu *gpu, const struct node_process *p) {
        if (!gpu->mig_mode)
                return p->gi_id == NODE_NONE && p->ci_id == NODE_NONE;
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                for (unsigned j = 0; j < NODE_CIS_MAX; j++)
                        if (gpu->gi[i].live && gpu->gi[i].ci[j].live && gpu->gi[i].id == p->gi_id && gpu->gi[i].ci[j].id == p->ci_id)
                                return true;
        return false;
}

static int check_processes(const struct node *n, struct err *e) {
        if (n->process_count > NODE_PROCESSES_MAX)
                return err_set(e, ERR_INPUT, "%u processes: at most %u", n->process_count, NODE_PROCESSES_MAX);
        for (unsigned i = 0; i < n->process_count; i++) {
                const struct node_process *p = &n->processes[i];
                if (p->pid == 0 || p->kind >= PROCESS_KIND_MAX || p->gpu >= n->gpu_count || !has_place(&n->gpus[p->gpu], p) ||
                    !is_text(p->name, sizeof p->name))
                        return err_set(e, ERR_INPUT, "process %u runs where nothing is", p->pid);
                if (p->sm_percent > 100 || p->memory_percent > 100 || p->encoder_percent > 100 || p->decoder_percent > 100)
                        return err_set(e, ERR_INPUT, "process %u: a load is above 100 %%", p->pid);
                if (p->memory_bytes > (uint64_t)node_model(&n->gpus[p->gpu])->memory_mib << 20)
                        return err_set(e, ERR_INPUT, "process %u has more memory than its GPU", p->pid);
        }
        return 0;
}

static int check_events(const struct node *n, struct err *e) {
        if (n->last_event >= UINT64_MAX / 2)
                return err_set(e, ERR_INPUT, "the events are not numbered from 1");
        uint64_t kept = n->last_event < NODE_EVENTS_MAX ? n->last_event : NODE_EVENTS_MAX;
        for (uint64_t i = 0; i < kept; i++) {
                const struct node_event *event = &n->events[(n->last_event - 1 - i) % NODE_EVENTS_MAX];
                if (event->sequence != n->last_event - i || event->gpu >= n->gpu_count || !event->type || (event->type & (event->type - 1)))
                        return err_set(e, ERR_INPUT, "event %llu is none", (unsigned long long)(n->last_event - i));
        }
        return 0;
}

static int check_faults(const struct node *n, struct err *e) {
        if (n->fault_count > NODE_FAULTS_MAX)
                return err_set(e, ERR_INPUT, "%u faults: at most %u", n->fault_count, NODE_FAULTS_MAX);
        for (unsigned i = 0; i < n->fault_count; i++) {
                if (!fault_is_sane(n, &n->faults[i]) || !is_text(n->faults[i].call, sizeof n->faults[i].call))
                        return err_set(e, ERR_INPUT, "fault %u is none that there is", i);
        }
        return 0;
}

/* Nothing that tells GPUs apart may be the same twice. */
static int check_distinct(const struct node *n, struct err *e) {
        for (unsigned i = 0; i < n->gpu_count; i++)
                for (unsigned j = 0; j < i; j++) {
                        const struct node_gpu *a = &n->gpus[i], *b = &n->gpus[j];
                        bool bus = a->pci_domain == b->pci_domain && a->pci_bus == b->pci_bus && a->pci_device == b->pci_device;
                        if (bus || a->minor == b->minor || !memcmp(a->uuid, b->uuid, sizeof a->uuid))
                                return err_set(e, ERR_INPUT, "GPU %u and GPU %u have the same identity", j, i);
                }
        return 0;
}

int node_check(const struct node *n, struct err *e) {
        int r = check_driver(n, e);
        for (unsigned i = 0; r == 0 && i < n->gpu_count; i++) {
                r = check_gpu(&n->gpus[i], i, e);
                if (r == 0)
                        r = check_instances(n, i, e);
        }
        static int (*const rest[])(const struct node *, struct err *) = { check_distinct, check_processes, check_events, check_faults };
        for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(rest); i++)
                r = rest[i](n, e);
        return r;
}
