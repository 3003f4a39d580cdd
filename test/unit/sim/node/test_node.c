/* A node from nothing, what a reboot leaves of it, and what node_check refuses. */
#include "node_of.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/node/process.h"

#define NEWEST "590.48.01"

static void begins_with_every_model(void **state) {
        (void)state;
        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_model *model = gpu_model_at(i);
                struct node *n = node_of(model->key, NEWEST, model->compute_slices > 0);
                assert_ptr_equal(node_model(&n->gpus[0]), model);
                assert_string_equal(n->gpus[0].product, model->product);
                assert_int_equal(n->gpus[0].pci_device_id, model->pci_ids[0]);
                assert_int_equal(strlen(n->gpus[0].serial), 13);
                free(n);
        }
}

static void depends_on_the_seed_alone(void **state) {
        struct node_gpu_wish wishes[NODE_GPUS_MAX];
        struct node *a = malloc(sizeof *a), *b = malloc(sizeof *b);
        struct err e = { 0 };

        (void)state;
        for (unsigned i = 0; i < NODE_GPUS_MAX; i++)
                wishes[i] = (struct node_gpu_wish){ .model = gpu_model_find(i % 2 ? "h100" : "l4"), .mig = i % 2 };
        assert_ok(node_init(a, NEWEST, 5, wishes, NODE_GPUS_MAX, NOW, &e), &e);
        assert_ok(node_init(b, NEWEST, 5, wishes, NODE_GPUS_MAX, NOW, &e), &e);
        assert_ok(node_check(a, &e), &e);
        assert_memory_equal(a, b, sizeof *a);
        assert_ok(node_init(b, NEWEST, 6, wishes, NODE_GPUS_MAX, NOW, &e), &e);
        for (unsigned i = 0; i < NODE_GPUS_MAX; i++)
                assert_memory_not_equal(a->gpus[i].uuid, b->gpus[i].uuid, 16);
        free(a);
        free(b);
}

static void refuses_a_wrong_wish(void **state) {
        static const struct {
                const char *driver, *gpu, *product;
                unsigned count;
                bool mig;
                const char *text;
        } cases[] = {
                { NEWEST, "l4", NULL, 0, false, "1 to 16" },
                { NEWEST, "l4", NULL, NODE_GPUS_MAX + 1, false, "17 GPUs" },
                { NEWEST, "l4", NULL, 1, true, "no MIG on a l4" },
                { "470.82", "H100-80GB", NULL, 1, true, "no MIG on a H100-80GB" },
                { "440.33", "l4", NULL, 1, false, "older than R450" },
                { "", "l4", NULL, 1, false, "not a driver version" },
                { "590.", "l4", NULL, 1, false, "not a driver version" },
                { "590.48.01.2", "l4", NULL, 1, false, "not a driver version" },
                { "590.48.01 ", "l4", NULL, 1, false, "not a driver version" },
                { "59000.1", "l4", NULL, 1, false, "not a driver version" },
                { "590.48.0000000000000000000001", "l4", NULL, 1, false, "not a driver version" },
                { NEWEST, "l4", "a name that is much too long for the sixty-three characters that NVML has", 1, false, "longer than 63" },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = malloc(sizeof *n);
                struct node_gpu_wish wishes[NODE_GPUS_MAX + 1];
                struct err e = { 0 };
                for (unsigned j = 0; j <= NODE_GPUS_MAX; j++)
                        wishes[j] = (struct node_gpu_wish){ gpu_model_find(cases[i].gpu), cases[i].product, 0, cases[i].mig };
                int r = node_init(n, cases[i].driver, 1, wishes, cases[i].count, NOW, &e);
                assert_refused(r, &e, cases[i].text);
                free(n);
        }
}

/* NVIDIA's table of driver branches and CUDA versions. */
static void knows_the_cuda_version(void **state) {
        static const struct {
                const char *driver;
                unsigned cuda;
        } cases[] = { { "450.80.02", 11000 },  { "470.57.02", 11040 }, { "515.65.01", 11070 }, { "525.60.13", 12000 },
                      { "535.104.05", 12020 }, { "550.54.14", 12040 }, { "580.65.06", 13000 }, { "590.48.01", 13010 },
                      { "595.45.04", 13020 },  { "700.1", 13020 } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of("t4", cases[i].driver, false);
                assert_int_equal(n->cuda, cases[i].cuda);
                free(n);
        }
}

/* H100 in MIG mode with a 3g of a 1c and a 2c, a process, an event and a fault. */
static struct node *full_node(const char *key) {
        struct node *n = node_of(key, NEWEST, true);
        const struct node_process p = { .pid = 7, .gi_id = 2, .ci_id = 1, .memory_bytes = 1 << 20, .name = "python3" };
        const struct node_fault f = { .kind = FAULT_SLOW, .gpu = 0, .delay_ms = 10, .call = "nvmlInit_v2" };
        unsigned gi, ci;

        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &gi), NVML_SUCCESS);
        assert_int_equal(mig_create_ci(n, 0, gi, 0, NULL, NOW, &ci), NVML_SUCCESS);
        assert_int_equal(mig_create_ci(n, 0, gi, 1, NULL, NOW, &ci), NVML_SUCCESS);
        assert_int_equal(process_start(n, &p, NOW), NVML_SUCCESS);
        assert_int_equal(fault_add(n, &f), NVML_SUCCESS);
        return n;
}

static void a_reboot_forgets(void **state) {
        static const struct {
                const char *gpu;
                unsigned mig; /* after it */
        } cases[] = { { "A100-40GB", 1 }, { "H100-80GB", 0 } };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = full_node(cases[i].gpu);
                struct node_gpu *g = &n->gpus[0];
                uint8_t uuid[16];
                struct err e = { 0 };
                memcpy(uuid, g->uuid, sizeof uuid);
                event_ecc(n, 0, true, true, 1, NOW);
                event_lost(n, 0, true, NOW);
                g->compute_mode = 3;
                g->power_limit_mw = 200000;
                uint64_t events = n->last_event;
                node_reboot(n, NOW + 1);
                assert_ok(node_check(n, &e), &e);
                assert_int_equal(g->mig_mode, cases[i].mig);
                assert_int_equal(mig_layout(g).count, 0);
                assert_int_equal(n->process_count, 0);
                assert_int_equal(n->fault_count, 0);
                assert_int_equal(g->lost + g->pending_rows + g->compute_mode, 0);
                assert_int_equal(g->ecc_volatile.dram_uncorrected, 0);
                assert_int_equal(g->ecc_aggregate.dram_uncorrected, 1);
                assert_true(g->power_limit_mw > 200000);
                assert_int_equal(n->boot, 2);
                assert_int_equal(n->boot_us, NOW + 1);
                assert_int_equal(n->last_event, events);
                assert_memory_equal(g->uuid, uuid, sizeof uuid);
                free(n);
        }
}

#define AT(member) offsetof(struct node, member), sizeof(((struct node *)0)->member)

/* One number of a good node changed each time. */
static const struct {
        size_t offset, bytes;
        uint64_t value;
        const char *text;
} damages[] = {
        { AT(driver_major), 580, "driver" },
        { AT(cuda), 12000, "driver" },
        { AT(driver[3]), 'x', "driver version" },
        { AT(gpu_count), 0, "0 GPUs" },
        { AT(gpu_count), 17, "17 GPUs" },
        { AT(next_serial), 0, "setting" },
        { AT(jitter_percent), 101, "setting" },
        { AT(gpus[0].model_index), 0, "no known model" },
        { AT(gpus[0].model_index), 60000, "no known model" },
        { AT(gpus[0].model[0]), 'h', "no known model" },
        { AT(gpus[0].product[0]), 0, "name" },
        { AT(gpus[0].product[1]), 27, "name" },
        { AT(gpus[0].minor), 32, "number" },
        { AT(gpus[0].mig_mode), 2, "neither on nor off" },
        { AT(gpus[0].mig_mode), 0, "without MIG mode" },
        { AT(gpus[0].lost), 255, "neither on nor off" },
        { AT(gpus[0].load.gpu_percent), 101, "above 100" },
        { AT(gpus[0].compute_mode), 4, "mode" },
        { AT(gpus[0].power_limit_mw), 700001, "power limit" },
        { AT(gpus[0].locked_min_mhz), 1, "clock is locked" },
        { AT(gpus[0].locked_max_mhz), 1981, "clock is locked" },
        { AT(gpus[0].gi[0].live), 2, "" },
        { AT(gpus[0].gi[0].profile), 15, "profile" },
        { AT(gpus[0].gi[0].profile), 0, "cannot" },
        { AT(gpus[0].gi[0].start), 1, "do not fit" },
        { AT(gpus[0].gi[0].id), 1, "cannot stand" },
        { AT(gpus[0].gi[0].serial), 99, "number" },
        { AT(gpus[0].gi[1].live), 1, "" },
        { AT(gpus[0].gi[0].ci[0].profile), 4, "none that its profile allows" },
        { AT(gpus[0].gi[0].ci[0].start), 3, "none that its profile allows" },
        { AT(gpus[0].gi[0].ci[0].start), 0, "overlaps" },
        { AT(gpus[0].gi[0].ci[0].size), 2, "none that its profile allows" },
        { AT(gpus[0].gi[0].ci[0].id), 1, "overlaps" },
        { AT(gpus[0].gi[0].ci[0].id), 200, "none that its profile allows" },
        { AT(gpus[0].gi[0].ci[0].mig_index), 1, "index" },
        { AT(gpus[0].gi[0].ci[0].mig_index), 7, "index" },
        { AT(gpus[0].gi[0].ci[1].serial), 0, "number" },
        { AT(gpus[0].gi[0].ci[1].live), 0, "process" },
        { AT(process_count), 513, "513 processes" },
        { AT(process_count), 2, "process 0" },
        { AT(processes[0].gpu), 1, "process 7" },
        { AT(processes[0].ci_id), 2, "process 7" },
        { AT(processes[0].kind), 3, "process 7" },
        { AT(processes[0].sm_percent), 101, "above 100" },
        { AT(processes[0].memory_bytes), UINT64_MAX, "memory" },
        { AT(last_event), 4, "event 4" },
        { AT(last_event), UINT64_MAX, "events" },
        { AT(events[0].gpu), 1, "event 1" },
        { AT(events[0].type), 3, "event 1" },
        { AT(fault_count), 33, "33 faults" },
        { AT(faults[0].kind), 9, "fault 0" },
        { AT(faults[0].gpu), 1, "fault 0" },
        { AT(faults[0].code), 500, "fault 0" },
};

static void refuses_a_damaged_node(void **state) {
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(damages); i++) {
                struct node *n = full_node("H100-80GB");
                struct err e = { 0 };
                assert_ok(node_check(n, &e), &e);
                memcpy((char *)n + damages[i].offset, &damages[i].value, damages[i].bytes); /* lowest byte first */
                int r = node_check(n, &e);
                if (r != -ERR_INPUT || !strstr(e.text, damages[i].text))
                        fail_msg("case %u: %d, %s", i, r, e.text);
                free(n);
        }
}

static void refuses_twins(void **state) {
        const struct node_gpu_wish wishes[2] = { { .model = gpu_model_find("l4") }, { .model = gpu_model_find("t4") } };
        struct node *n = malloc(sizeof *n);
        struct err e = { 0 };

        (void)state;
        assert_ok(node_init(n, NEWEST, 1, wishes, 2, NOW, &e), &e);
        assert_ok(node_check(n, &e), &e);
        n->gpus[1].minor = 0;
        assert_refused(node_check(n, &e), &e, "GPU 0 and GPU 1 have the same identity");
        free(n);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(begins_with_every_model), cmocka_unit_test(depends_on_the_seed_alone),
                cmocka_unit_test(refuses_a_wrong_wish),    cmocka_unit_test(knows_the_cuda_version),
                cmocka_unit_test(a_reboot_forgets),        cmocka_unit_test(refuses_a_damaged_node),
                cmocka_unit_test(refuses_twins),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
