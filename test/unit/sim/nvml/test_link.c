/* NVLink, topology, field values and samples. */
#include "machine.h"

static void with_switches(struct node *n, void *context) {
        (void)context;
        n->nvswitch = 1;
}

static void links_lead_to_peers_or_switches(void **state) {
        nvmlEnableState_t up;
        nvmlPciInfo_t pci, peer;
        nvmlIntNvLinkDeviceType_t type;
        nvmlGpuFabricInfoV_t fabric = { .version = NVML_VERSION(nvmlGpuFabricInfo_v3_t, 3) };
        (void)state;
        machine_start("590.48.01", "H100-80GB,H100-80GB,l4", false);
        for (unsigned link = 0; link < 18; link++) { /* an H100 has 18 */
                assert_int_equal(nvmlDeviceGetNvLinkState(machine_gpu(0), link, &up), NVML_SUCCESS);
                assert_int_equal(up, NVML_FEATURE_ENABLED);
        }
        assert_int_equal(nvmlDeviceGetNvLinkState(machine_gpu(0), 18, &up), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetNvLinkState(machine_gpu(0), 36, &up), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetNvLinkState(machine_gpu(2), 0, &up), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetNvLinkRemoteDeviceType(machine_gpu(0), 3, &type), NVML_SUCCESS);
        assert_int_equal(type, NVML_NVLINK_DEVICE_TYPE_GPU);
        assert_int_equal(nvmlDeviceGetNvLinkRemotePciInfo_v2(machine_gpu(0), 3, &pci), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetPciInfo_v3(machine_gpu(1), &peer), NVML_SUCCESS);
        assert_string_equal(pci.busId, peer.busId);
        assert_int_equal(nvmlDeviceGetGpuFabricInfoV(machine_gpu(0), &fabric), NVML_ERROR_NOT_SUPPORTED);

        machine_change(with_switches, NULL);
        assert_int_equal(nvmlDeviceGetNvLinkRemoteDeviceType(machine_gpu(0), 3, &type), NVML_SUCCESS);
        assert_int_equal(type, NVML_NVLINK_DEVICE_TYPE_SWITCH);
        assert_int_equal(nvmlDeviceGetGpuFabricInfoV(machine_gpu(0), &fabric), NVML_SUCCESS);
        assert_int_equal(fabric.state, NVML_GPU_FABRIC_STATE_COMPLETED);
        fabric.version = NVML_VERSION(nvmlGpuFabricInfo_v3_t, 4);
        assert_int_equal(nvmlDeviceGetGpuFabricInfoV(machine_gpu(0), &fabric), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        machine_stop();
        machine_start("590.48.01", "H100-80GB", true); /* no NVLink in MIG mode */
        assert_int_equal(nvmlDeviceGetNvLinkState(machine_gpu(0), 0, &up), NVML_ERROR_NOT_SUPPORTED);
        machine_stop();
}

/* A struct of the older version ends before healthSummary: what stands behind it is the caller's. */
static void an_older_struct_is_not_overrun(void **state) {
        struct {
                nvmlGpuFabricInfo_v2_t info;
                unsigned char behind[64];
        } room;
        nvmlPciInfo_t pci, short_pci;
        (void)state;
        machine_start("590.48.01", "H100-80GB,H100-80GB", false);
        machine_change(with_switches, NULL);
        memset(&room, 0xEE, sizeof room);
        room.info.version = NVML_VERSION(nvmlGpuFabricInfo_v2_t, 2);
        assert_int_equal(nvmlDeviceGetGpuFabricInfoV(machine_gpu(0), (nvmlGpuFabricInfoV_t *)&room), NVML_SUCCESS);
        assert_int_equal(room.info.state, NVML_GPU_FABRIC_STATE_COMPLETED);
        for (size_t i = 0; i < sizeof room.behind; i++)
                assert_int_equal(room.behind[i], 0xEE);

        assert_int_equal(nvmlDeviceGetPciInfo_v3(machine_gpu(0), &pci), NVML_SUCCESS);
        memset(&short_pci, 0xEE, sizeof short_pci);
        assert_int_equal(nvmlDeviceGetPciInfo(machine_gpu(0), &short_pci), NVML_SUCCESS);
        assert_int_equal(memcmp(&short_pci, &pci, 32), 0);
        assert_int_equal(short_pci.pciSubSystemId, 0xEEEEEEEE);
        assert_int_equal(nvmlDeviceGetPciInfo_v2(machine_gpu(0), &short_pci), NVML_SUCCESS);
        assert_int_equal(short_pci.pciSubSystemId, pci.pciSubSystemId);
        assert_int_equal((unsigned char)short_pci.busId[0], 0xEE);
        machine_stop();
}

static void two_sockets(struct node *n, void *context) {
        (void)context;
        n->gpus[2].numa_node = n->gpus[3].numa_node = 1;
}

static void neighbours_share_a_numa_node(void **state) {
        nvmlDevice_t gpu[4], found[4];
        nvmlGpuTopologyLevel_t level;
        nvmlGpuP2PStatus_t status;
        unsigned count = 0;
        unsigned long cpus[2], nodes[1];
        (void)state;
        machine_start("590.48.01", "H100-80GB,H100-80GB,H100-80GB,l4", false);
        machine_change(two_sockets, NULL);
        for (unsigned i = 0; i < 4; i++)
                gpu[i] = machine_gpu(i);
        assert_int_equal(nvmlDeviceGetTopologyCommonAncestor(gpu[0], gpu[1], &level), NVML_SUCCESS);
        assert_int_equal(level, NVML_TOPOLOGY_NODE);
        assert_int_equal(nvmlDeviceGetTopologyCommonAncestor(gpu[0], gpu[2], &level), NVML_SUCCESS);
        assert_int_equal(level, NVML_TOPOLOGY_SYSTEM);
        assert_int_equal(nvmlDeviceGetTopologyNearestGpus(gpu[0], NVML_TOPOLOGY_SYSTEM, &count, NULL), NVML_SUCCESS);
        assert_int_equal(count, 2);
        assert_int_equal(nvmlDeviceGetTopologyNearestGpus(gpu[0], NVML_TOPOLOGY_SYSTEM, &count, found), NVML_SUCCESS);
        assert_ptr_equal(found[0], gpu[2]);
        assert_ptr_equal(found[1], gpu[3]);
        count = 1; /* fewer than there are */
        assert_int_equal(nvmlDeviceGetTopologyNearestGpus(gpu[0], NVML_TOPOLOGY_SYSTEM, &count, found), NVML_SUCCESS);
        assert_int_equal(count, 1);

        assert_int_equal(nvmlDeviceGetP2PStatus(gpu[0], gpu[1], NVML_P2P_CAPS_INDEX_NVLINK, &status), NVML_SUCCESS);
        assert_int_equal(status, NVML_P2P_STATUS_OK);
        assert_int_equal(nvmlDeviceGetP2PStatus(gpu[0], gpu[3], NVML_P2P_CAPS_INDEX_NVLINK, &status), NVML_SUCCESS);
        assert_int_equal(status, NVML_P2P_STATUS_NOT_SUPPORTED);

        assert_int_equal(nvmlDeviceGetCpuAffinity(gpu[2], 2, cpus), NVML_SUCCESS); /* CPUs 48 to 95 of 64 in a word */
        assert_true(cpus[0] == 0xFFFF000000000000UL && cpus[1] == 0x00000000FFFFFFFFUL);
        assert_int_equal(nvmlDeviceGetCpuAffinity(gpu[2], 1, cpus), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetCpuAffinity(gpu[2], 0, cpus), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetMemoryAffinity(gpu[2], 1, nodes, NVML_AFFINITY_SCOPE_NODE), NVML_SUCCESS);
        assert_int_equal(nodes[0], 2);
        assert_int_equal(nvmlDeviceGetMemoryAffinity(gpu[2], 1, nodes, 2), NVML_ERROR_INVALID_ARGUMENT);
        count = 4;
        assert_int_equal(nvmlSystemGetTopologyGpuSet(50, &count, found), NVML_SUCCESS);
        assert_int_equal(count, 2);
        machine_stop();
}

/* NVML_FI_DEV_… (field, A100, H100): a number, or the code less than nothing. */
static const struct {
        unsigned id;
        int a100, h100;
} fields[] = {
        { 1, 1, 1 },             /* ECC mode */
        { 4, 0, 0 },             /* uncorrected errors */
        { 29, -3, -3 },          /* retired pages: before Ampere only */
        { 91, 12, 18 },          /* links */
        { 144, 0, 0 },           /* rows waiting to be remapped */
        { 184, 0, 1 },           /* does MIG mode change without a reset? */
        { 187, 100000, 200000 }, /* least power limit */
        { 189, 400000, 700000 }, /* default power limit */
        { 199, 1, 1 },           /* are profiles told without MIG mode? */
        { 230, 0, 0 },           /* recovery action */
        { 0, -2, -2 },
        { 250, -3, -3 },
        { 9999, -2, -2 },
};

static void fields_answer_one_by_one(void **state) {
        nvmlFieldValue_t values[ARRAY_SIZE(fields)];
        (void)state;
        machine_start("590.48.01", "A100-80GB,H100-80GB", false);
        for (unsigned gpu = 0; gpu < 2; gpu++) {
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                        values[i] = (nvmlFieldValue_t){ .fieldId = fields[i].id };
                assert_int_equal(nvmlDeviceGetFieldValues(machine_gpu(gpu), ARRAY_SIZE(fields), values), NVML_SUCCESS);
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                        int wanted = gpu ? fields[i].h100 : fields[i].a100;
                        int said = values[i].nvmlReturn == NVML_SUCCESS ? (int)values[i].value.ullVal : -(int)values[i].nvmlReturn;
                        if (said != wanted)
                                fail_msg("field %u of GPU %u: %d instead of %d", fields[i].id, gpu, said, wanted);
                }
        }
        assert_int_equal(nvmlDeviceGetFieldValues(machine_gpu(0), 0, values), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetFieldValues(machine_gpu(0), -1, values), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

/* What the calls of their own do not tell of a MIG device, or of a GPU whose memory is shared out (NVML's notes on
 * nvmlDeviceGetRemappedRows), the fields do not tell either. */
static void fields_of_a_slice_are_few(void **state) {
        static const struct {
                unsigned id;
                int gpu, slice;
        } rows[] = {
                { 1, 1, 1 }, { 189, 700000, -3 }, { 144, -3, -3 }, { 165, -3, -3 }, { 184, 1, 1 }, { 230, 0, -3 },
        };
        (void)state;
        machine_start("590.48.01", "H100-80GB", true);
        nvmlDevice_t devices[] = { machine_gpu(0), machine_mig_device(machine_gpu(0), 19, 0) };
        for (unsigned d = 0; d < ARRAY_SIZE(devices); d++)
                for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                        nvmlFieldValue_t value = { .fieldId = rows[i].id };
                        assert_int_equal(nvmlDeviceGetFieldValues(devices[d], 1, &value), NVML_SUCCESS);
                        int said = value.nvmlReturn == NVML_SUCCESS ? (int)value.value.uiVal : -(int)value.nvmlReturn;
                        assert_int_equal(said, d ? rows[i].slice : rows[i].gpu);
                }
        machine_stop();
}

/* The last field of each branch's library (NVML_FI_MAX - 1 of nvidia-ml-py of that version), and one that came later. */
static void a_driver_knows_the_fields_of_its_time(void **state) {
        static const struct {
                const char *driver;
                unsigned known, unknown;
        } rows[] = {
                { "470.57.02", 160, 184 },
                { "535.129.03", 184, 199 },
                { "550.54.14", 199, 230 },
                { "570.86.10", 230, 269 },
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                nvmlFieldValue_t values[] = { { .fieldId = rows[i].known }, { .fieldId = rows[i].unknown } };
                machine_start(rows[i].driver, "A100-80GB", false);
                assert_int_equal(nvmlDeviceGetFieldValues(machine_gpu(0), 2, values), NVML_SUCCESS);
                assert_int_equal(values[0].nvmlReturn, NVML_SUCCESS);
                assert_int_equal(values[1].nvmlReturn, NVML_ERROR_INVALID_ARGUMENT);
                machine_stop();
        }
}

static void samples_come_in_order(void **state) {
        nvmlValueType_t type;
        nvmlSample_t samples[200];
        unsigned count = 0;
        (void)state;
        machine_start("590.48.01", "A100-80GB,H100-80GB", false);
        nvmlDevice_t device = machine_gpu(0);
        assert_int_equal(nvmlDeviceGetSamples(device, NVML_TOTAL_POWER_SAMPLES, 0, &type, &count, NULL), NVML_SUCCESS);
        assert_in_range(count, 1, ARRAY_SIZE(samples));
        assert_int_equal(type, NVML_VALUE_TYPE_UNSIGNED_INT);
        assert_int_equal(nvmlDeviceGetSamples(device, NVML_TOTAL_POWER_SAMPLES, 0, &type, &count, samples), NVML_SUCCESS);
        for (unsigned i = 1; i < count; i++)
                assert_true(samples[i - 1].timeStamp < samples[i].timeStamp);
        assert_true(samples[count - 1].timeStamp <= machine_now_us());
        unsigned long long last = samples[count - 1].timeStamp;
        assert_int_equal(nvmlDeviceGetSamples(device, NVML_TOTAL_POWER_SAMPLES, last + 60000000, &type, &count, samples),
                         NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetSamples(device, NVML_MODULE_POWER_SAMPLES, 0, &type, &count, samples), NVML_ERROR_NOT_SUPPORTED);
        assert_int_equal(nvmlDeviceGetSamples(device, NVML_SAMPLINGTYPE_COUNT, 0, &type, &count, samples), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void the_machine_names_its_driver(void **state) {
        char text[80];
        int cuda;
        unsigned count = 9;
        nvmlSystemDriverBranchInfo_t branch = { .version = NVML_VERSION(nvmlSystemDriverBranchInfo_v1_t, 1) };
        (void)state;
        machine_start("590.48.01", "A100-80GB", false);
        assert_int_equal(nvmlSystemGetDriverVersion(text, sizeof text), NVML_SUCCESS);
        assert_string_equal(text, "590.48.01");
        assert_int_equal(nvmlSystemGetDriverVersion(text, 9), NVML_ERROR_INSUFFICIENT_SIZE);
        assert_int_equal(nvmlSystemGetNVMLVersion(text, sizeof text), NVML_SUCCESS);
        assert_string_equal(text, "13.590.48.01");
        assert_int_equal(nvmlSystemGetCudaDriverVersion(&cuda), NVML_SUCCESS);
        assert_int_equal(cuda, 13010); /* CUDA 13.1 came with R590 */
        assert_int_equal(nvmlSystemGetDriverBranch(&branch, sizeof branch.branch), NVML_SUCCESS);
        assert_string_equal(branch.branch, "r590_00");
        assert_int_equal(nvmlSystemGetProcessName(4711, text, sizeof text), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlSystemGetHicVersion(&count, NULL), NVML_SUCCESS);
        assert_int_equal(count, 0);
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(links_lead_to_peers_or_switches), cmocka_unit_test(an_older_struct_is_not_overrun),
                cmocka_unit_test(neighbours_share_a_numa_node),    cmocka_unit_test(fields_answer_one_by_one),
                cmocka_unit_test(fields_of_a_slice_are_few),       cmocka_unit_test(a_driver_knows_the_fields_of_its_time),
                cmocka_unit_test(samples_come_in_order),           cmocka_unit_test(the_machine_names_its_driver),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
