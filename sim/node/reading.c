#include "sim/node/reading.h"

#include "sim/node/mig.h"

#define AMBIENT_C 28
#define IDLE_MEMORY_MHZ 405    /* of a GDDR GPU at rest; HBM never slows down */
#define FULL_LOAD_PERMILLE 900 /* of the board's power that a full load draws: an H100's gpu-burn took 629 of 700 W */

#define REASON_IDLE 0x1
#define REASON_SW_POWER_CAP 0x4

static unsigned at_most(uint64_t value, unsigned most) {
        return value > most ? most : (unsigned)value;
}

/* What the processes of a GPU make it do, in ten-thousandths of it. */
struct work {
        uint64_t sm, memory, encoder, decoder;
        bool any;
};

/* How much of the GPU's compute and memory slices the place of a process has; without MIG, all. */
static void shares(const struct node_gpu *gpu, const struct node_process *p, unsigned *ret_compute, unsigned *ret_memory) {
        const struct gpu_model *model = node_model(gpu);

        *ret_compute = *ret_memory = 100;
        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                for (unsigned j = 0; j < NODE_CIS_MAX; j++) {
                        const struct node_gi *gi = &gpu->gi[i];
                        if (!gi->live || !gi->ci[j].live || gi->id != p->gi_id || gi->ci[j].id != p->ci_id)
                                continue;
                        *ret_compute = 100u * gi->ci[j].size / model->compute_slices;
                        *ret_memory = 100u * model->profiles[gi->profile].memory_slices / model->memory_slices;
                }
}

static struct work work_of(const struct node *n, unsigned gpu) {
        struct work w = { 0 };

        for (unsigned i = 0; i < n->process_count; i++) {
                const struct node_process *p = &n->processes[i];
                unsigned compute, memory;
                if (p->gpu != gpu)
                        continue;
                shares(&n->gpus[gpu], p, &compute, &memory);
                w.any = true;
                w.sm += p->sm_percent * compute;
                w.memory += p->memory_percent * memory;
                w.encoder += p->encoder_percent * memory;
                w.decoder += p->decoder_percent * memory;
        }
        return w;
}

static void read_utilisation(const struct node_load *load, const struct work *w, struct reading *r) {
        r->gpu_percent = (uint8_t)at_most(load->gpu_percent + w->sm / 100, 100);
        r->memory_percent = (uint8_t)at_most(load->memory_percent + w->memory / 100, 100);
        r->encoder_percent = (uint8_t)at_most(load->encoder_percent + w->encoder / 100, 100);
        r->decoder_percent = (uint8_t)at_most(load->decoder_percent + w->decoder / 100, 100);
        r->jpeg_percent = load->jpeg_percent;
        r->ofa_percent = load->ofa_percent;
        r->pcie_tx_kib_s = load->pcie_tx_kib_s;
        r->pcie_rx_kib_s = load->pcie_rx_kib_s;
}

/* Between idle and nearly all of the board's power; what the limit forbids costs clock. */
static void read_power(const struct node_gpu *gpu, const struct board *board, struct reading *r) {
        uint64_t idle = board->power_idle_w * UINT64_C(1000), full = (uint64_t)board->power_default_w * FULL_LOAD_PERMILLE;
        uint64_t wanted = gpu->load.power_mw ? gpu->load.power_mw : idle + (full - idle) * r->gpu_percent / 100;

        if (wanted > gpu->power_limit_mw) {
                r->clock_event_reasons |= REASON_SW_POWER_CAP;
                wanted = gpu->power_limit_mw;
        }
        r->power_mw = (uint32_t)wanted;
}

/* The heat follows the power; at the full one it stays ten degrees below the maximum. */
static void read_heat(const struct node_gpu *gpu, const struct board *board, struct reading *r) {
        uint64_t full = board->power_default_w * UINT64_C(1000), top = board->gpu_max_c > 10 ? board->gpu_max_c - 10u : 0;
        uint64_t rise = top > AMBIENT_C ? top - AMBIENT_C : 0;

        r->temperature_c = gpu->load.temperature_c ? gpu->load.temperature_c
                                                   : (uint32_t)(AMBIENT_C + rise * at_most(r->power_mw, (unsigned)full) / full);
        if (board->memory_max_c)
                r->memory_temperature_c = r->temperature_c + 6;
        if (board->fans)
                r->fan_percent = gpu->load.fan_percent ? gpu->load.fan_percent : (uint8_t)at_most(30 + r->temperature_c / 2, 100);
}

static bool has_hbm(const struct board *board) {
        return board->memory_bus_bits >= 2048;
}

static void read_clocks(const struct node_gpu *gpu, const struct board *board, bool working, struct reading *r) {
        bool busy = working || r->gpu_percent > 0;
        uint32_t sm = busy ? board->sm_max_mhz : board->idle_mhz;

        if (gpu->load.sm_clock_mhz)
                sm = gpu->load.sm_clock_mhz;
        if (gpu->locked_max_mhz) /* whether anything runs or not */
                sm = sm < gpu->locked_min_mhz ? gpu->locked_min_mhz : at_most(sm, gpu->locked_max_mhz);
        if (!gpu->load.sm_clock_mhz && r->clock_event_reasons & REASON_SW_POWER_CAP)
                sm = sm * 4 / 5;
        r->sm_mhz = r->graphics_mhz = sm;
        r->video_mhz = busy ? board->video_max_mhz : board->video_max_mhz / 2;
        r->memory_mhz = busy || has_hbm(board) ? board->memory_max_mhz : IDLE_MEMORY_MHZ;
        r->performance_state = busy || has_hbm(board) ? 0 : 8;
        if (!busy)
                r->clock_event_reasons |= REASON_IDLE;
}

/* Energy of `us` microseconds, in mJ. */
static uint64_t energy_of(uint32_t power_mw, uint64_t us) {
        return power_mw * (us / 1000000) + power_mw * (us % 1000000) / 1000000;
}

static void read_steady(const struct node *n, unsigned gpu, uint64_t now_us, struct reading *r) {
        const struct node_gpu *g = &n->gpus[gpu];
        const struct board *board = board_of(node_model(g));
        const struct work work = work_of(n, gpu);

        *r = (struct reading){ 0 };
        read_utilisation(&g->load, &work, r);
        read_power(g, board, r);
        read_heat(g, board, r);
        read_clocks(g, board, work.any, r);
        r->energy_mj = g->energy_mj + (now_us > g->energy_since_us ? energy_of(r->power_mw, now_us - g->energy_since_us) : 0);
}

/* -1000 … 1000, by the seed: the same for the tenth of a second in which `now_us` lies. */
static int wander(const struct node *n, unsigned gpu, unsigned what, uint64_t now_us) {
        uint64_t z = n->seed ^ (now_us / 100000 * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)(gpu * 8 + what) << 56);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return (int)((z ^ z >> 31) % 2001) - 1000;
}

static uint32_t wandered(const struct node *n, unsigned gpu, unsigned what, uint64_t now_us, uint32_t value, uint32_t most) {
        int64_t change = (int64_t)value * n->jitter_percent * wander(n, gpu, what, now_us) / 100000;

        return at_most((uint64_t)(value + change), most);
}

void reading_gpu(const struct node *n, unsigned gpu, uint64_t now_us, struct reading *ret_reading) {
        read_steady(n, gpu, now_us, ret_reading);
        if (!n->jitter_percent)
                return;
        struct reading *r = ret_reading;
        r->gpu_percent = (uint8_t)wandered(n, gpu, 0, now_us, r->gpu_percent, 100);
        r->memory_percent = (uint8_t)wandered(n, gpu, 1, now_us, r->memory_percent, 100);
        r->power_mw = wandered(n, gpu, 2, now_us, r->power_mw, n->gpus[gpu].power_limit_mw);
        r->temperature_c = wandered(n, gpu, 3, now_us, r->temperature_c, UINT8_MAX);
}

void reading_slice(const struct node *n, unsigned gpu, unsigned gi_id, unsigned ci_id, uint64_t now_us, struct reading *ret_reading) {
        const struct node_gpu *g = &n->gpus[gpu];
        struct work w = { 0 };

        for (unsigned i = 0; i < n->process_count; i++) {
                const struct node_process *p = &n->processes[i];
                unsigned compute = 100;
                if (p->gpu != gpu || p->gi_id != gi_id || (ci_id != NODE_NONE && p->ci_id != ci_id))
                        continue;
                for (unsigned s = 0; ci_id == NODE_NONE && s < NODE_GIS_MAX; s++) /* a part of the instance's compute slices */
                        for (unsigned c = 0; c < NODE_CIS_MAX; c++)
                                if (g->gi[s].live && g->gi[s].id == gi_id && g->gi[s].ci[c].live && g->gi[s].ci[c].id == p->ci_id)
                                        compute = 100u * g->gi[s].ci[c].size / node_model(g)->profiles[g->gi[s].profile].compute_slices;
                w.sm += p->sm_percent * compute;
                w.memory += p->memory_percent * 100u;
                w.encoder += p->encoder_percent * 100u;
                w.decoder += p->decoder_percent * 100u;
        }
        *ret_reading = (struct reading){ 0 };
        read_utilisation(&g->load, &w, ret_reading);
        if (n->jitter_percent)
                ret_reading->gpu_percent = (uint8_t)wandered(n, gpu, 4, now_us, ret_reading->gpu_percent, 100);
}

void reading_settle(struct node *n, unsigned gpu, uint64_t now_us) {
        struct node_gpu *g = &n->gpus[gpu];
        struct reading r;

        if (now_us <= g->energy_since_us)
                return;
        read_steady(n, gpu, now_us, &r);
        g->energy_mj = r.energy_mj;
        g->energy_since_us = now_us;
}
