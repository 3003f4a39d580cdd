#include "sim/node/node.h"

#include <string.h>

#include "base/mem.h"
#include "sim/node/account.h"
#include "sim/node/driver.h"
#include "sim/node/fault.h"
#include "sim/node/mig.h"
#include "sim/node/process.h"
#include "sim/node/reading.h"
#include "sim/node/uuid.h"

/* As on EC2's machines with eight GPUs. The second eight lie in PCI domain 1. */
static const uint8_t pci_buses[] = { 0x53, 0x64, 0x75, 0x86, 0x97, 0xa8, 0xb9, 0xca };

/* The next of a row of well mixed numbers (splitmix64). */
static uint64_t draw(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static void gpu_identify(struct node_gpu *gpu, unsigned index, uint64_t *random) {
        const struct gpu_model *model = node_model(gpu);

        gpu->pci_device_id = model->pci_ids[0];
        gpu->pci_subvendor_id = 0x10de;
        gpu->pci_subsystem_id = (uint16_t)(0x1400 + gpu->model_index);
        gpu->pci_domain = index / ARRAY_SIZE(pci_buses);
        gpu->pci_bus = pci_buses[index % ARRAY_SIZE(pci_buses)];
        gpu->minor = (uint8_t)index;
        gpu->pdi = draw(random);
        uuid_gpu(board_of(model)->chip, gpu->pdi, gpu->uuid);
        snprintf(gpu->serial, sizeof gpu->serial, "1%012llu", (unsigned long long)(draw(random) % UINT64_C(1000000000000)));
}

static int gpu_init(struct node *n, unsigned index, const struct node_gpu_wish *wish, uint64_t *random, uint64_t now_us, struct err *e) {
        struct node_gpu *gpu = &n->gpus[index];
        const struct board *board = board_of(wish->model);
        const char *product = wish->product ? wish->product : wish->model->product;

        if (strlen(product) >= sizeof gpu->product)
                return err_set(e, ERR_INPUT, "GPU %u: the product name is longer than %zu characters", index, sizeof gpu->product - 1);
        if (wish->mig && !driver_knows_mig(n, wish->model))
                return err_set(e, ERR_INPUT, "GPU %u: driver %s knows no MIG on a %s", index, n->driver, wish->model->key);

        snprintf(gpu->model, sizeof gpu->model, "%s", wish->model->key);
        snprintf(gpu->product, sizeof gpu->product, "%s", product);
        gpu->model_index = (uint16_t)gpu_model_index(wish->model);
        gpu->numa_node = wish->numa_node;
        gpu_identify(gpu, index, random);
        gpu->mig_mode = gpu->mig_pending = wish->mig;
        gpu->persistence_mode = 1;
        gpu->ecc_mode = gpu->ecc_pending = board->ecc;
        gpu->power_limit_mw = board->power_default_w * 1000;
        gpu->energy_since_us = now_us;
        return 0;
}

int node_init(struct node *n, const char *driver, uint64_t seed, const struct node_gpu_wish *wishes, unsigned count, uint64_t now_us,
              struct err *e) {
        uint16_t numbers[3];

        if (count == 0 || count > NODE_GPUS_MAX)
                return err_set(e, ERR_INPUT, "%u GPUs: a simulated machine has 1 to %u", count, NODE_GPUS_MAX);
        if (strlen(driver) >= sizeof n->driver)
                return err_set(e, ERR_INPUT, "'%s' is not a driver version such as 590.48.01", driver);
        int r = driver_parse(driver, numbers, e);
        if (r < 0)
                return r;

        memset(n, 0, sizeof *n);
        snprintf(n->driver, sizeof n->driver, "%s", driver);
        n->driver_major = numbers[0];
        n->driver_minor = numbers[1];
        n->driver_patch = numbers[2];
        n->cuda = driver_cuda(numbers[0]);
        n->seed = seed;
        n->boot = 1;
        n->boot_us = now_us;
        n->next_serial = 1;
        n->gpu_count = (uint8_t)count;
        uint64_t random = seed;
        for (unsigned i = 0; i < count; i++) {
                r = gpu_init(n, i, &wishes[i], &random, now_us, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool node_mig_needs_reset(const struct node_gpu *gpu) {
        return node_model(gpu)->cc_major < 9;
}

bool node_gpu_busy(const struct node *n, unsigned gpu, uint64_t now_us) {
        const struct node_gpu *g = &n->gpus[gpu];

        for (unsigned i = 0; i < NODE_GIS_MAX; i++)
                if (g->gi[i].live && now_us < g->gi[i].busy_until_us)
                        return true;
        return g->exclusive_client || process_next(n, 0, gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX) >= 0;
}

/* What is only in the chip's own memory goes; rows that waited for it are remapped now. */
static void gpu_restart(struct node_gpu *gpu) {
        gpu->ecc_volatile = (struct node_ecc){ 0 };
        gpu->ecc_mode = gpu->ecc_pending;
        gpu->pending_rows = 0;
        gpu->recovery_action = 0;
        mig_take_mode(gpu);
}

nvmlReturn_t node_reset_gpu(struct node *n, unsigned gpu, uint64_t now_us) {
        if (node_gpu_busy(n, gpu, now_us))
                return NVML_ERROR_IN_USE;
        reading_settle(n, gpu, now_us);
        gpu_restart(&n->gpus[gpu]);
        return NVML_SUCCESS;
}

static void gpu_reboot(struct node_gpu *gpu, uint64_t now_us) {
        if (!node_mig_needs_reset(gpu)) /* only Ampere has it in its InfoROM */
                gpu->mig_pending = 0;
        gpu_restart(gpu);
        memset(gpu->gi, 0, sizeof gpu->gi);
        gpu->compute_mode = 0;
        account_switch(gpu, false);
        gpu->lost = 0;
        gpu->exclusive_client = 0;
        gpu->pcie_replays = 0;
        gpu->power_limit_mw = board_of(node_model(gpu))->power_default_w * 1000;
        gpu->locked_min_mhz = gpu->locked_max_mhz = 0;
        gpu->energy_mj = 0;
        gpu->energy_since_us = now_us;
}

void node_reboot(struct node *n, uint64_t now_us) {
        memset(n->processes, 0, sizeof n->processes);
        n->process_count = 0;
        fault_clear(n, NODE_NONE);
        for (unsigned i = 0; i < n->gpu_count; i++)
                gpu_reboot(&n->gpus[i], now_us);
        n->boot++;
        n->boot_us = now_us;
}
