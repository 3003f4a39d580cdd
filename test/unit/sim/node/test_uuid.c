/* UUIDs of GPUs and MIG devices. Expected values from Python's hashlib and uuid (version 5 over the bytes that uuid.h describes). */
#include "node_of.h"
#include "sim/node/sha1.h"
#include "sim/node/uuid.h"

static void hashes(void **state) {
        static const struct {
                unsigned count;
                char letter;
                const char *digest;
        } cases[] = {
                { 0, 'a', "da39a3ee5e6b4b0d3255bfef95601890afd80709" },   { 55, 'a', "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
                { 56, 'a', "c2db330f6083854c99d4b5bfb6e8f29f201be699" },  { 64, 'a', "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
                { 119, 'a', "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56" },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                char data[SHA1_INPUT_MAX], text[2 * SHA1_BYTES + 1];
                uint8_t digest[SHA1_BYTES];
                memset(data, cases[i].letter, sizeof data);
                sha1(data, cases[i].count, digest);
                for (unsigned j = 0; j < SHA1_BYTES; j++)
                        snprintf(text + 2 * j, 3, "%02x", digest[j]);
                assert_string_equal(text, cases[i].digest);
        }
}

static const struct {
        uint16_t chip;
        uint64_t pdi;
        const char *text;
} gpus[] = {
        { 0x170, 0x0123456789abcdef, "1f009f4d-c4d4-5e43-8251-b910b42c5631" },
        { 0x180, 1, "2c96bbbe-e5e8-56be-a1e1-9d7abbb1a321" },
        { 0x1b2, UINT64_MAX, "f4408396-0acd-55a6-a59e-211ba68168d8" },
};

static const struct {
        uint16_t chip;
        uint64_t pdi;
        uint32_t gi_id, first_slice, serial;
        const char *text;
} migs[] = {
        { 0x170, 0x0123456789abcdef, 0, 0, 0, "5dccf3fb-87b0-5b1f-a1ca-41c98be7ccda" },
        { 0x170, 0x0123456789abcdef, 13, 6, 0, "566ecdbc-c8b9-5b26-8a6d-1abe309c850b" },
        { 0x170, 0x0123456789abcdef, 13, 6, 77, "9c1f57f3-cb4f-53d0-9eac-fff8ad6715ac" },
        { 0x180, 1, 2, 4, 0, "52a71525-f0a8-54a2-aa8a-26d49b7c09c4" },
        { 0x180, 1, 9, 2, 77, "de4101d9-2230-5146-a69d-3a9869d71647" },
        { 0x1b2, UINT64_MAX, 4, 1, 0, "a30df391-cc10-58cd-a65b-9dca9f29c9b0" },
};

static void names_gpus_and_slices(void **state) {
        uint8_t uuid[16];
        char text[UUID_TEXT];

        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(gpus); i++) {
                uuid_gpu(gpus[i].chip, gpus[i].pdi, uuid);
                uuid_print(uuid, text);
                assert_string_equal(text, gpus[i].text);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(migs); i++) {
                uuid_mig(migs[i].chip, migs[i].pdi, migs[i].gi_id, migs[i].first_slice, migs[i].serial, uuid);
                uuid_print(uuid, text);
                assert_string_equal(text, migs[i].text);
        }
}

/* A slice that is made again where it was has the same name, unless the node says otherwise; before R470.42.01 the name was another form.
 */
static void names_a_slice_made_again(void **state) {
        static const struct {
                const char *driver;
                bool random, same, long_form;
        } cases[] = {
                { "590.48.01", false, true, false }, { "590.48.01", true, false, false }, { "470.42.01", false, true, false },
                { "470.41.99", false, true, true },  { "450.80.02", true, true, true },
        };
        (void)state;
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
                struct node *n = node_of("A100-40GB", cases[i].driver, true);
                char text[2][MIG_UUID_MAX], gpu[MIG_UUID_MAX], expected[MIG_UUID_MAX + 10];
                n->random_mig_uuids = cases[i].random;
                for (unsigned round = 0; round < 2; round++) {
                        unsigned gi, ci;
                        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &gi), NVML_SUCCESS);
                        assert_int_equal(mig_create_ci(n, 0, gi, 2, NULL, NOW, &ci), NVML_SUCCESS);
                        mig_device_uuid(n, 0, gi, ci, text[round]);
                        assert_int_equal(mig_destroy_ci(n, 0, gi, ci, NOW), NVML_SUCCESS);
                        assert_int_equal(mig_destroy_gi(n, 0, gi, NOW), NVML_SUCCESS);
                }
                assert_int_equal(strcmp(text[0], text[1]) == 0, cases[i].same);
                mig_gpu_uuid(&n->gpus[0], gpu);
                snprintf(expected, sizeof expected, "MIG-%s/2/0", gpu);
                assert_int_equal(strcmp(text[0], expected) == 0, cases[i].long_form);
                free(n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hashes),
                cmocka_unit_test(names_gpus_and_slices),
                cmocka_unit_test(names_a_slice_made_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
