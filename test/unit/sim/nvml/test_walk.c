/* A long random walk over the calls of MIG and of process lists, on four GPUs of different making; after each call the answer must be that
 * of an independent model (mig_model.h). Argument: how many calls; second argument: the seed. */
#include "machine.h"

#include "mig_model.h"
#include "sim/node/process.h"

#define GPUS 4
#define PROCESSES 12
#define STALE 64
#define SAME(got, expected) (same((unsigned)(got), (unsigned)(expected), #got, __LINE__))

static struct model_gpu gpus[GPUS];
static struct { unsigned pid, gpu, gi_id, ci_id; } processes[PROCESSES];
static nvmlGpuInstance_t stale_gi[STALE];
static nvmlComputeInstance_t stale_ci[STALE];
static nvmlDevice_t stale_device[STALE];
static unsigned stale_gis, stale_cis;
static unsigned long calls, wanted_calls = 20000;
static uint64_t seed = 1;
static unsigned next_pid = 1000;

static unsigned draw(unsigned below) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)(seed >> 11) % below;
}

static void same(unsigned got, unsigned expected, const char *what, int line) {
        calls++;
        if (got != expected)
                fail_msg("call %lu, line %d: %s is %u, expected %u", calls, line, what, got, expected);
}

static struct model_gpu *any_gpu(void) {
        return &gpus[draw(GPUS)];
}
/* A live one, or NULL. */
static struct model_gi *any_gi(struct model_gpu *g) {
        unsigned from = draw(MODEL_GIS);
        for (unsigned i = 0; i < MODEL_GIS; i++)
                if (g->gi[(from + i) % MODEL_GIS].live)
                        return &g->gi[(from + i) % MODEL_GIS];
        return NULL;
}
static struct model_ci *any_ci(struct model_gi *gi) {
        unsigned from = draw(MODEL_CIS);
        for (unsigned i = 0; i < MODEL_CIS; i++)
                if (gi->ci[(from + i) % MODEL_CIS].live)
                        return &gi->ci[(from + i) % MODEL_CIS];
        return NULL;
}
static unsigned any_profile_id(const struct model_gpu *g) {
        return draw(12) ? g->model->profiles[draw(g->model->profile_count)].id : 50 + draw(10);
}

static bool runs_in(const struct model_gpu *g, unsigned gi_id, unsigned ci_id) {
        for (unsigned i = 0; i < PROCESSES; i++)
                if (processes[i].pid && &gpus[processes[i].gpu] == g && processes[i].gi_id == gi_id &&
                    (ci_id == NODE_NONE || processes[i].ci_id == ci_id))
                        return true;
        return false;
}

static void forget_ci(struct model_ci *ci) {
        stale_ci[stale_cis % STALE] = ci->handle;
        stale_device[stale_cis++ % STALE] = ci->device;
        ci->live = false;
}
static void forget_gi(struct model_gi *gi) {
        stale_gi[stale_gis++ % STALE] = gi->handle;
        *gi = (struct model_gi){ 0 };
}

static nvmlReturn_t expected_creation(const struct model_gpu *g, const struct gpu_profile *p, const nvmlGpuInstancePlacement_t *at) {
        if (!g->mig)
                return NVML_ERROR_NOT_SUPPORTED;
        if (!p || (at && (at->size != p->memory_slices || !model_starts_at(p, at->start))))
                return NVML_ERROR_INVALID_ARGUMENT;
        return (at ? model_fits(g, p, at->start) : model_fits_somewhere(g, p)) ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES;
}

static void create_gi(void) {
        struct model_gpu *g = any_gpu();
        unsigned id = any_profile_id(g);
        const struct gpu_profile *p = model_profile(g, id);
        nvmlGpuInstancePlacement_t at = { draw(g->model->memory_slices), p ? p->memory_slices + !draw(8) : 1 };
        bool placed = draw(2);
        nvmlGpuInstance_t handle = NULL;
        nvmlGpuInstanceInfo_t info;
        nvmlReturn_t r = expected_creation(g, p, placed ? &at : NULL);
        SAME(placed ? nvmlDeviceCreateGpuInstanceWithPlacement(g->device, id, &at, &handle)
                    : nvmlDeviceCreateGpuInstance(g->device, id, &handle),
             r);
        if (r != NVML_SUCCESS) {
                assert_null(handle);
                return;
        }
        SAME(nvmlGpuInstanceGetInfo(handle, &info), NVML_SUCCESS);
        assert_ptr_equal(info.device, g->device);
        assert_int_equal(info.profileId, id);
        assert_int_equal(info.placement.size, p->memory_slices);
        assert_true(placed ? info.placement.start == at.start : model_fits(g, p, info.placement.start));
        assert_int_equal(info.id, model_gi_id(g->model, p, info.placement.start));
        *model_free_gi(g) = (struct model_gi){ .live = true, .id = info.id, .start = info.placement.start, .profile = p, .handle = handle };
}

static void destroy_gi(void) {
        struct model_gpu *g = any_gpu();
        struct model_gi *gi = any_gi(g);
        bool used = false;
        if (!gi)
                return;
        for (unsigned i = 0; i < MODEL_CIS; i++)
                used = used || gi->ci[i].live;
        SAME(nvmlGpuInstanceDestroy(gi->handle), used ? NVML_ERROR_IN_USE : NVML_SUCCESS);
        if (!used)
                forget_gi(gi);
}

static nvmlReturn_t expected_compute(const struct model_gpu *g, const struct model_gi *gi, unsigned id,
                                     const nvmlComputeInstancePlacement_t *at) {
        const struct gpu_compute_profile *p = model_compute(gi, id);
        if (id >= NVML_COMPUTE_INSTANCE_PROFILE_COUNT)
                return NVML_ERROR_INVALID_ARGUMENT;
        if (!p)
                return NVML_ERROR_NOT_SUPPORTED;
        if (!at)
                return model_compute_remaining(g, gi, p) ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES;
        if (at->size != p->slices || !model_compute_start(g, gi, p->slices, at->start))
                return NVML_ERROR_INVALID_ARGUMENT;
        return model_compute_fits(g, gi, p, at->start) ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_RESOURCES;
}

static void create_ci(void) {
        struct model_gpu *g = any_gpu();
        struct model_gi *gi = any_gi(g);
        nvmlComputeInstance_t handle = NULL;
        nvmlComputeInstanceInfo_t info;
        if (!gi)
                return;
        unsigned id = draw(4) ? gi->profile->compute[draw(gi->profile->compute_count)].id : draw(10);
        nvmlComputeInstancePlacement_t at = { draw(gi->profile->compute_slices), draw(4) ? id % 7 + 1 : 1 };
        bool placed = draw(2);
        nvmlReturn_t r = expected_compute(g, gi, id, placed ? &at : NULL);
        SAME(placed ? nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi->handle, id, &at, &handle)
                    : nvmlGpuInstanceCreateComputeInstance(gi->handle, id, &handle),
             r);
        if (r != NVML_SUCCESS) {
                assert_null(handle);
                return;
        }
        SAME(nvmlComputeInstanceGetInfo_v2(handle, &info), NVML_SUCCESS);
        assert_ptr_equal(info.gpuInstance, gi->handle);
        assert_int_equal(info.profileId, id);
        assert_int_equal(info.id, model_smallest_ci_id(gi));
        assert_int_equal(info.placement.size, model_compute(gi, id)->slices);
        assert_true(placed ? info.placement.start == at.start : model_compute_fits(g, gi, model_compute(gi, id), info.placement.start));
        *model_free_ci(gi) = (struct model_ci){
                .live = true,
                .id = info.id,
                .profile = id,
                .start = info.placement.start,
                .size = info.placement.size,
                .handle = handle,
                .device = info.device,
        };
        model_number(g);
}

static void destroy_ci(void) {
        struct model_gpu *g = any_gpu();
        struct model_gi *gi = any_gi(g);
        struct model_ci *ci = gi ? any_ci(gi) : NULL;
        if (!ci)
                return;
        bool used = runs_in(g, gi->id, ci->id);
        SAME(nvmlComputeInstanceDestroy(ci->handle), used ? NVML_ERROR_IN_USE : NVML_SUCCESS);
        if (!used)
                forget_ci(ci);
}

/* A switch needs an idle GPU, and takes all instances. */
static void switch_mig(void) {
        struct model_gpu *g = any_gpu();
        nvmlReturn_t activation = NVML_ERROR_UNKNOWN;
        if (g->mig && draw(40))
                return;
        for (unsigned i = 0; i < MODEL_GIS; i++)
                if (g->gi[i].live && runs_in(g, g->gi[i].id, NODE_NONE))
                        return;
        g->mig = !g->mig;
        SAME(nvmlDeviceSetMigMode(g->device, g->mig, &activation), NVML_SUCCESS);
        assert_int_equal(activation, NVML_SUCCESS);
        for (unsigned i = 0; i < MODEL_GIS; i++) {
                for (unsigned j = 0; j < MODEL_CIS; j++)
                        if (g->gi[i].live && g->gi[i].ci[j].live)
                                forget_ci(&g->gi[i].ci[j]);
                if (g->gi[i].live)
                        forget_gi(&g->gi[i]);
        }
}

static void start(struct node *n, void *context) {
        assert_int_equal(process_start(n, context, machine_now_us()), NVML_SUCCESS);
}
static void end(struct node *n, void *context) {
        assert_int_equal(process_end(n, *(uint32_t *)context, machine_now_us()), NVML_SUCCESS);
}
static void process_comes_or_goes(void) {
        unsigned place = draw(PROCESSES);
        if (draw(4))
                return;
        if (processes[place].pid) {
                uint32_t pid = processes[place].pid;
                machine_change(end, &pid);
                processes[place].pid = 0;
                return;
        }
        unsigned g = draw(GPUS);
        struct model_gi *gi = any_gi(&gpus[g]);
        struct model_ci *ci = gi ? any_ci(gi) : NULL;
        if (!ci)
                return;
        struct node_process p = { .pid = next_pid++, .gpu = (uint8_t)g, .gi_id = (uint8_t)gi->id, .ci_id = (uint8_t)ci->id, .name = "x" };
        machine_change(start, &p);
        processes[place].pid = p.pid;
        processes[place].gpu = g;
        processes[place].gi_id = gi->id;
        processes[place].ci_id = ci->id;
}

static void read_capacity(void) {
        const struct model_gpu *g = any_gpu();
        unsigned id = any_profile_id(g), count = 99;
        const struct gpu_profile *p = model_profile(g, id);
        nvmlReturn_t r = g->mig && p ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
        SAME(nvmlDeviceGetGpuInstanceRemainingCapacity(g->device, id, &count), r);
        assert_int_equal(count, r == NVML_SUCCESS ? model_remaining(g, p) : 99);
}

static void read_instances(void) {
        struct model_gpu *g = any_gpu();
        unsigned id = any_profile_id(g), count = 99, expected = 0, last = 0;
        const struct gpu_profile *p = model_profile(g, id);
        nvmlGpuInstance_t found[MODEL_GIS];
        nvmlReturn_t r = g->mig && p ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
        SAME(nvmlDeviceGetGpuInstances(g->device, id, found, &count), r);
        if (r != NVML_SUCCESS)
                return;
        for (unsigned i = 0; i < MODEL_GIS; i++)
                expected += g->gi[i].live && g->gi[i].profile == p;
        assert_int_equal(count, expected);
        for (unsigned f = 0; f < count; f++) {
                const struct model_gi *gi = NULL;
                for (unsigned i = 0; i < MODEL_GIS; i++)
                        if (g->gi[i].live && g->gi[i].handle == found[f])
                                gi = &g->gi[i];
                assert_non_null(gi);
                assert_true(f == 0 || gi->id > last);
                last = gi->id;
        }
}

static void read_by_id(void) {
        struct model_gpu *g = any_gpu();
        unsigned id = draw(15);
        nvmlGpuInstance_t expected = NULL, found = NULL;
        for (unsigned i = 0; i < MODEL_GIS; i++)
                if (g->gi[i].live && g->gi[i].id == id)
                        expected = g->gi[i].handle;
        SAME(nvmlDeviceGetGpuInstanceById(g->device, id, &found), !g->mig    ? NVML_ERROR_NOT_SUPPORTED
                                                                  : expected ? NVML_SUCCESS
                                                                             : NVML_ERROR_NOT_FOUND);
        assert_ptr_equal(found, expected);
}

static void read_compute(void) {
        struct model_gpu *g = any_gpu();
        struct model_gi *gi = any_gi(g);
        unsigned id = draw(10), count = 99, expected = 0;
        nvmlComputeInstance_t found[MODEL_CIS];
        if (!gi)
                return;
        const struct gpu_compute_profile *p = model_compute(gi, id);
        nvmlReturn_t r = id >= NVML_COMPUTE_INSTANCE_PROFILE_COUNT ? NVML_ERROR_INVALID_ARGUMENT
                         : p                                       ? NVML_SUCCESS
                                                                   : NVML_ERROR_NOT_SUPPORTED;
        SAME(nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi->handle, id, &count), r);
        assert_int_equal(count, p ? model_compute_remaining(g, gi, p) : 99);
        SAME(nvmlGpuInstanceGetComputeInstances(gi->handle, id, found, &count), r);
        for (unsigned i = 0; i < MODEL_CIS; i++)
                expected += gi->ci[i].live && gi->ci[i].profile == id;
        assert_int_equal(count, p ? expected : 99);
}

/* The device at an index: its identity and what belongs to it. */
static void read_device(void) {
        struct model_gpu *g = any_gpu();
        unsigned index = draw(g->model->compute_slices + 1), id, yes;
        const struct model_gi *gi = NULL;
        const struct model_ci *ci = NULL;
        nvmlDevice_t found = NULL;
        for (unsigned i = 0; i < MODEL_GIS * MODEL_CIS; i++) {
                const struct model_gi *in = &g->gi[i / MODEL_CIS];
                if (in->live && in->ci[i % MODEL_CIS].live && in->ci[i % MODEL_CIS].index == index) {
                        gi = in;
                        ci = &in->ci[i % MODEL_CIS];
                }
        }
        SAME(nvmlDeviceGetMigDeviceHandleByIndex(g->device, index, &found), !g->mig ? NVML_ERROR_NOT_SUPPORTED
                                                                            : index >= g->model->compute_slices
                                                                                    ? NVML_ERROR_INVALID_ARGUMENT
                                                                            : ci ? NVML_SUCCESS
                                                                                 : NVML_ERROR_NOT_FOUND);
        assert_ptr_equal(found, ci ? ci->device : NULL);
        if (!ci)
                return;
        nvmlDeviceAttributes_t attributes;
        SAME(nvmlDeviceGetAttributes_v2(found, &attributes), NVML_SUCCESS);
        assert_int_equal(attributes.gpuInstanceSliceCount, gi->profile->compute_slices);
        assert_int_equal(attributes.computeInstanceSliceCount, ci->size);
        assert_int_equal(attributes.multiprocessorCount, model_compute(gi, ci->profile)->sm);
        assert_int_equal(attributes.memorySizeMB, gi->profile->memory_mib);
        SAME(nvmlDeviceGetGpuInstanceId(found, &id), NVML_SUCCESS);
        assert_int_equal(id, gi->id);
        SAME(nvmlDeviceGetComputeInstanceId(found, &id), NVML_SUCCESS);
        assert_int_equal(id, ci->id);
        SAME(nvmlDeviceIsMigDeviceHandle(found, &yes), NVML_SUCCESS);
        assert_int_equal(yes, 1);
}

static void read_processes(void) {
        unsigned gpu = draw(GPUS), expected = 0, count = PROCESSES;
        struct model_gi *gi = draw(2) ? any_gi(&gpus[gpu]) : NULL;
        struct model_ci *ci = gi ? any_ci(gi) : NULL;
        nvmlProcessInfo_t infos[PROCESSES];
        SAME(nvmlDeviceGetComputeRunningProcesses_v3(ci ? ci->device : gpus[gpu].device, &count, infos), NVML_SUCCESS);
        for (unsigned i = 0; i < PROCESSES; i++) {
                if (!processes[i].pid || processes[i].gpu != gpu)
                        continue;
                if (ci && (processes[i].gi_id != gi->id || processes[i].ci_id != ci->id))
                        continue;
                expected++;
                bool there = false;
                for (unsigned k = 0; k < count; k++)
                        there = there || (infos[k].pid == processes[i].pid && infos[k].gpuInstanceId == processes[i].gi_id &&
                                          infos[k].computeInstanceId == processes[i].ci_id);
                assert_true(there);
        }
        assert_int_equal(count, expected);
}

/* What is gone stays gone, whoever stands in its place. */
static void ask_the_dead(void) {
        nvmlGpuInstanceInfo_t gi;
        nvmlComputeInstanceInfo_t ci;
        nvmlDeviceAttributes_t attributes;
        if (stale_gis >= STALE)
                SAME(nvmlGpuInstanceGetInfo(stale_gi[draw(STALE)], &gi), NVML_ERROR_INVALID_ARGUMENT);
        if (stale_cis < STALE)
                return;
        SAME(nvmlComputeInstanceGetInfo_v2(stale_ci[draw(STALE)], &ci), NVML_ERROR_INVALID_ARGUMENT);
        SAME(nvmlDeviceGetAttributes_v2(stale_device[draw(STALE)], &attributes), NVML_ERROR_INVALID_ARGUMENT);
        SAME(nvmlComputeInstanceDestroy(stale_ci[draw(STALE)]), NVML_ERROR_INVALID_ARGUMENT);
        SAME(nvmlGpuInstanceDestroy(stale_gi[draw(STALE)]), NVML_ERROR_INVALID_ARGUMENT);
}

static void agrees_with_the_model(void **state) {
        (void)state;
        static const char *const names[GPUS] = { "A100-80GB", "H100-80GB", "RTX-PRO-6000-96GB", "A30-24GB" };
        static void (*const steps[])(void) = {
                create_gi,
                create_gi,
                create_ci,
                create_ci,
                destroy_gi,
                destroy_gi,
                destroy_ci,
                destroy_ci,
                destroy_ci,
                switch_mig,
                read_by_id,
                read_compute,
                read_device,
                read_device,
                read_processes,
                ask_the_dead,
                read_capacity,
                read_instances,
                process_comes_or_goes,
        };
        machine_start("590.48.01", "A100-80GB,H100-80GB,RTX-PRO-6000-96GB,A30-24GB", true);
        for (unsigned i = 0; i < GPUS; i++)
                gpus[i] = (struct model_gpu){ .model = gpu_model_find(names[i]), .device = machine_gpu(i), .mig = true };
        while (calls < wanted_calls)
                steps[draw(ARRAY_SIZE(steps))]();
        print_message("%lu calls, %u GPU instances and %u compute instances destroyed\n", calls, stale_gis, stale_cis);
        assert_true(stale_gis > wanted_calls / 100 && stale_cis > wanted_calls / 100);
        machine_stop();
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(agrees_with_the_model),
        };
        if (argc > 1)
                wanted_calls = strtoul(argv[1], NULL, 10);
        if (argc > 2)
                seed = strtoull(argv[2], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
