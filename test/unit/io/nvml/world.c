#include "world.h"

#include <ftw.h>
#include <time.h>
#include <unistd.h>

const char *world_library;

uint64_t world_now_us(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static unsigned read_models(const char *models, struct node_gpu_wish wishes[NODE_GPUS_MAX]) {
        _cleanup_free_ char *copy = mem_strdup(models);
        unsigned count = 0;
        char *rest = copy, *word;

        while ((word = strsep(&rest, " "))) {
                wishes[count] = (struct node_gpu_wish){ .model = gpu_model_find(word) };
                if (!wishes[count].model)
                        fail_msg("no model %s", word);
                wishes[count].mig = gpu_has_mig(wishes[count].model);
                count++;
        }
        return count;
}

struct world *world_new(const char *models, const char *driver, const struct driver_options *options) {
        struct world *w = mem_zalloc(1, sizeof *w);
        struct node_gpu_wish wishes[NODE_GPUS_MAX] = { 0 };
        struct driver_options with = options ? *options : (struct driver_options){ 0 };
        struct err e = { 0 };

        snprintf(w->dir, sizeof w->dir, "/tmp/carve-nvml-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        assert_ok(node_init(&w->node, driver, 11, wishes, read_models(models, wishes), world_now_us(), &e), &e);
        w->node.latency_percent = 0;
        w->node.release_ms = 0;
        assert_ok(store_create(w->dir, &w->node, true, &e), &e);
        assert_ok(store_open(&w->store, w->dir, &e), &e);

        setenv("CARVE_SIM", w->dir, 1);
        with.library = world_library;
        assert_ok(driver_open(&with, &w->driver, &e), &e);
        return w;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

void world_free(struct world *w) {
        driver_close(w->driver);
        store_close(&w->store);
        nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(w);
}

const struct node *world_look(struct world *w) {
        struct err e = { 0 };

        assert_ok(store_refresh(&w->store, &w->node, NULL, &e), &e);
        return &w->node;
}

void world_begin(struct world *w) {
        struct err e = { 0 };

        assert_ok(store_begin(&w->store, &w->write, &w->node, &e), &e);
}

void world_end(struct world *w) {
        struct err e = { 0 };

        assert_ok(store_end(&w->store, &w->write, &w->node, &e), &e);
        w->store.generation = 0; /* read it again next time */
}

void world_fault(struct world *w, unsigned gpu, const char *call, enum node_fault_kind kind, unsigned code_or_ms, unsigned times) {
        struct node_fault fault = { .kind = (uint8_t)kind, .gpu = (uint8_t)gpu, .times = times };

        fault.code = kind == FAULT_FAIL ? (uint16_t)code_or_ms : 0;
        fault.delay_ms = kind == FAULT_SLOW ? code_or_ms : 0;
        snprintf(fault.call, sizeof fault.call, "%s", call);
        world_begin(w);
        assert_int_equal(fault_add(&w->node, &fault), NVML_SUCCESS);
        world_end(w);
}

void world_clear_faults(struct world *w) {
        world_begin(w);
        fault_clear(&w->node, NODE_NONE);
        world_end(w);
}

uint32_t world_start(struct world *w, unsigned gpu, unsigned gi_id, unsigned ci_id, const char *name) {
        static uint32_t pid = 5000;
        struct node_process p = {
                .pid = ++pid, .kind = PROCESS_COMPUTE, .gpu = (uint8_t)gpu, .gi_id = (uint8_t)gi_id, .ci_id = (uint8_t)ci_id
        };

        p.memory_bytes = UINT64_C(1) << 30;
        p.sm_percent = 80;
        p.memory_percent = 40;
        snprintf(p.name, sizeof p.name, "%s", name);
        world_begin(w);
        assert_int_equal(process_start(&w->node, &p, world_now_us()), NVML_SUCCESS);
        world_end(w);
        return pid;
}

void world_end_process(struct world *w, uint32_t pid) {
        world_begin(w);
        assert_int_equal(process_end(&w->node, pid, world_now_us()), NVML_SUCCESS);
        world_end(w);
}

void world_layout(struct world *w, unsigned gpu, char text[LAYOUT_TEXT_MAX]) {
        struct layout layout = mig_layout(&world_look(w)->gpus[gpu]);

        layout_print(&layout, text, LAYOUT_TEXT_MAX);
}
