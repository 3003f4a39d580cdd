/* What is a handle and what is not; and all the names by which a device is found. */
#include "machine.h"

static char uuid[2][NVML_DEVICE_UUID_BUFFER_SIZE]; /* of the H100 and of its MIG device */
static nvmlDevice_t gpu, mig;

static void start(void) {
        machine_start("590.48.01", "H100-80GB,l4", true);
        gpu = machine_gpu(0);
        mig = machine_mig_device(gpu, 19, 0);
        assert_int_equal(nvmlDeviceGetUUID(gpu, uuid[0], sizeof uuid[0]), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetUUID(mig, uuid[1], sizeof uuid[1]), NVML_SUCCESS);
}

static nvmlReturn_t ask(nvmlDevice_t device) {
        unsigned index;
        return nvmlDeviceGetIndex(device, &index);
}

/* Nobody looks at what a pointer points to: some of these would crash. */
static void foreign_pointers_are_refused(void **state) {
        char here = 0;
        (void)state;
        start();
        const uintptr_t foreign[] = {
                0,
                1,
                0x7E57,
                UINTPTR_MAX,
                (uintptr_t)&here,
                (uintptr_t)gpu - 1,
                (uintptr_t)gpu + 2, /* there is no third GPU */
                (uintptr_t)gpu + NODE_GPUS_MAX,
                (uintptr_t)mig + 1, /* the same place, another instance */
        };
        for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
                assert_int_equal(ask((nvmlDevice_t)foreign[i]), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void other_kinds_are_refused(void **state) {
        nvmlGpuInstance_t gi;
        nvmlComputeInstance_t ci;
        nvmlGpuInstanceInfo_t gi_info;
        nvmlComputeInstanceInfo_t ci_info;
        nvmlDevice_t device;
        unsigned id, current, pending;
        (void)state;
        start();
        assert_int_equal(nvmlDeviceGetGpuInstanceId(mig, &id), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetGpuInstanceById(gpu, id, &gi), NVML_SUCCESS);
        assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
        assert_int_equal(ask((nvmlDevice_t)gi), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(ask((nvmlDevice_t)ci), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpuInstanceGetInfo((nvmlGpuInstance_t)mig, &gi_info), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlGpuInstanceGetInfo((nvmlGpuInstance_t)ci, &gi_info), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlComputeInstanceGetInfo_v2((nvmlComputeInstance_t)gi, &ci_info), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetMigMode(mig, &current, &pending), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(gpu, &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig, &device), NVML_SUCCESS);
        assert_ptr_equal(device, gpu);
        machine_stop();
}

/* The same slice made again is another device, though its UUID is the same. */
static void a_handle_dies_with_its_instance(void **state) {
        nvmlComputeInstance_t ci;
        nvmlGpuInstance_t gi;
        nvmlDevice_t found, old[8];
        unsigned id;
        (void)state;
        start();
        for (unsigned i = 0; i < ARRAY_SIZE(old); i++) {
                old[i] = mig;
                assert_int_equal(nvmlDeviceGetGpuInstanceId(mig, &id), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetGpuInstanceById(gpu, id, &gi), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetHandleByUUID(uuid[1], &found), NVML_SUCCESS);
                assert_ptr_equal(found, mig);
                assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
                assert_int_equal(ask(mig), NVML_ERROR_INVALID_ARGUMENT);
                assert_int_equal(nvmlComputeInstanceDestroy(ci), NVML_ERROR_INVALID_ARGUMENT);
                assert_int_equal(nvmlDeviceGetHandleByUUID(uuid[1], &found), NVML_ERROR_NOT_FOUND);
                assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
                assert_int_equal(nvmlGpuInstanceDestroy(gi), NVML_ERROR_INVALID_ARGUMENT);
                mig = machine_mig_device(gpu, 19, 0);
                for (unsigned j = 0; j <= i; j++)
                        assert_int_equal(ask(old[j]), NVML_ERROR_INVALID_ARGUMENT);
        }
        machine_stop();
}

static void by_index(void **state) {
        nvmlDevice_t device;
        unsigned index;
        (void)state;
        start();
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(nvmlDeviceGetHandleByIndex(i, &device), NVML_SUCCESS);
                assert_int_equal(nvmlDeviceGetIndex(device, &index), NVML_SUCCESS);
                assert_int_equal(index, i);
        }
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(2, &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(UINT32_MAX, &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetHandleByIndex_v2(0, NULL), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void by_uuid(void **state) {
        nvmlDevice_t device;
        (void)state;
        start();
        assert_int_equal(strncmp(uuid[0], "GPU-", 4), 0);
        assert_int_equal(strncmp(uuid[1], "MIG-", 4), 0);
        assert_int_equal(nvmlDeviceGetHandleByUUID(uuid[0], &device), NVML_SUCCESS);
        assert_ptr_equal(device, gpu);
        assert_int_equal(nvmlDeviceGetHandleByUUID(uuid[1], &device), NVML_SUCCESS);
        assert_ptr_equal(device, mig);
        const char *not_found[] = { "GPU-00000000-0000-0000-0000-000000000000", "MIG-00000000-0000-0000-0000-000000000000", "GPU-",
                                    "MIG-GPU-x/1/0" };
        for (size_t i = 0; i < ARRAY_SIZE(not_found); i++)
                assert_int_equal(nvmlDeviceGetHandleByUUID(not_found[i], &device), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetHandleByUUID("", &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetHandleByUUID("0", &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetHandleByUUID(NULL, &device), NVML_ERROR_INVALID_ARGUMENT);
        assert_int_equal(nvmlDeviceGetHandleByUUID(uuid[0], NULL), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void by_uuid_of_either_form(void **state) {
        nvmlDevice_t device;
        (void)state;
        start();
        for (unsigned i = 0; i < 2; i++) {
                nvmlUUID_t text = { .version = NVML_VERSION(nvmlUUID_v1_t, 1), .type = NVML_UUID_TYPE_ASCII }, binary = text;
                memcpy(text.value.str, uuid[i], strlen(uuid[i]) + 1);
                assert_int_equal(nvmlDeviceGetHandleByUUIDV(&text, &device), NVML_SUCCESS);
                assert_ptr_equal(device, i ? mig : gpu);

                const char *p = uuid[i] + 4;
                binary.type = NVML_UUID_TYPE_BINARY;
                for (unsigned b = 0; b < 16; b++, p += 2) {
                        unsigned byte;
                        p += *p == '-';
                        assert_int_equal(sscanf(p, "%2x", &byte), 1);
                        binary.value.bytes[b] = (unsigned char)byte;
                }
                assert_int_equal(nvmlDeviceGetHandleByUUIDV(&binary, &device), NVML_SUCCESS);
                assert_ptr_equal(device, i ? mig : gpu);
                binary.value.bytes[15] ^= 1;
                assert_int_equal(nvmlDeviceGetHandleByUUIDV(&binary, &device), NVML_ERROR_NOT_FOUND);
                binary.type = 3;
                assert_int_equal(nvmlDeviceGetHandleByUUIDV(&binary, &device), NVML_ERROR_INVALID_ARGUMENT);
                binary.version = 0;
                assert_int_equal(nvmlDeviceGetHandleByUUIDV(&binary, &device), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
        }
        nvmlUUID_t endless = { .version = NVML_VERSION(nvmlUUID_v1_t, 1), .type = NVML_UUID_TYPE_ASCII };
        memset(endless.value.str, 'G', sizeof endless.value.str);
        assert_int_equal(nvmlDeviceGetHandleByUUIDV(&endless, &device), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void by_serial(void **state) {
        char serial[NVML_DEVICE_SERIAL_BUFFER_SIZE];
        nvmlDevice_t device;
        (void)state;
        start();
        assert_int_equal(nvmlDeviceGetSerial(machine_gpu(1), serial, sizeof serial), NVML_SUCCESS);
        assert_int_equal(nvmlDeviceGetHandleBySerial(serial, &device), NVML_SUCCESS);
        assert_ptr_equal(device, machine_gpu(1));
        assert_int_equal(nvmlDeviceGetHandleBySerial("", &device), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetHandleBySerial("12", &device), NVML_ERROR_NOT_FOUND);
        assert_int_equal(nvmlDeviceGetHandleBySerial(NULL, &device), NVML_ERROR_INVALID_ARGUMENT);
        machine_stop();
}

static void place_at_1f(struct node *n, void *context) {
        (void)context;
        n->gpus[0].pci_domain = 0;
        n->gpus[0].pci_bus = 0x1F;
        n->gpus[0].pci_device = 0;
        n->gpus[1].pci_domain = 0x10001;
        n->gpus[1].pci_bus = 0xB3;
        n->gpus[1].pci_device = 2;
}

static const struct {
        const char *text;
        int found; /* the GPU, or the code less 1000 */
} bus_ids[] = {
        { "0000:1F:00.0", 0 },
        { "00000000:1F:00.0", 0 },
        { "1f:00.0", 0 },
        { "1F:00", 0 },
        { "0:1f:0.0", 0 },
        { "00010001:B3:02.0", 1 },
        { "0001:b3:02.0", NVML_ERROR_NOT_FOUND - 1000 },
        { "b3:02.0", NVML_ERROR_NOT_FOUND - 1000 },
        { "0000:20:00.0", NVML_ERROR_NOT_FOUND - 1000 },
        { "", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "1F", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "0000:1F:00.0 ", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "0000:1F:00.1", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "0:0:1F:0", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "0000:11F:00.0", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "-1:1F:00.0", NVML_ERROR_INVALID_ARGUMENT - 1000 },
        { "000000000000000001F:1F:00.0", NVML_ERROR_NOT_FOUND - 1000 },
        { "FFFFFFFFFFFFFFFFFF:1F:00.0", NVML_ERROR_INVALID_ARGUMENT - 1000 },
};

static void by_bus_id(void **state) {
        nvmlPciInfo_t pci;
        nvmlDevice_t device;
        (void)state;
        machine_make("590.48.01", "H100-80GB,l4", false);
        machine_change(place_at_1f, NULL);
        assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
        for (size_t i = 0; i < ARRAY_SIZE(bus_ids); i++) {
                nvmlReturn_t wanted = bus_ids[i].found < 0 ? (nvmlReturn_t)(bus_ids[i].found + 1000) : NVML_SUCCESS;
                nvmlReturn_t r = nvmlDeviceGetHandleByPciBusId_v2(bus_ids[i].text, &device);
                if (r != wanted)
                        fail_msg("\"%s\" gives %d instead of %d", bus_ids[i].text, r, wanted);
                assert_int_equal(nvmlDeviceGetHandleByPciBusId(bus_ids[i].text, &device), wanted);
                if (wanted == NVML_SUCCESS)
                        assert_ptr_equal(device, machine_gpu((unsigned)bus_ids[i].found));
        }
        assert_int_equal(nvmlDeviceGetPciInfo_v3(machine_gpu(1), &pci), NVML_SUCCESS);
        assert_string_equal(pci.busId, "00010001:B3:02.0");
        assert_string_equal(pci.busIdLegacy, "0001:B3:02.0");
        assert_int_equal(pci.pciDeviceId, 0x27B810DE); /* an L4 */
        assert_int_equal(nvmlDeviceGetPciInfo_v3(machine_gpu(0), &pci), NVML_SUCCESS);
        assert_int_equal(pci.pciDeviceId, 0x233010DE); /* an H100 */
        machine_stop();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(foreign_pointers_are_refused),
                cmocka_unit_test(other_kinds_are_refused),
                cmocka_unit_test(a_handle_dies_with_its_instance),
                cmocka_unit_test(by_index),
                cmocka_unit_test(by_uuid),
                cmocka_unit_test(by_uuid_of_either_form),
                cmocka_unit_test(by_serial),
                cmocka_unit_test(by_bus_id),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
