/* What the driver shows in the file system. Forms: listings of real machines, the kernel driver's open sources. */
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "sim/node/mig.h"

static struct node working, before;

static void assert_text(const char *path, const char *wanted) {
        char is[4096] = "";
        FILE *f = fopen(path, "r");

        if (!f)
                fail_msg("%s is missing", path);
        assert_true(fread(is, 1, sizeof is - 1, f) > 0);
        fclose(f);
        assert_string_equal(is, wanted);
}

static void assert_says(const char *path, const char *part) {
        char is[4096] = "";
        FILE *f = fopen(path, "r");

        if (!f)
                fail_msg("%s is missing", path);
        assert_true(fread(is, 1, sizeof is - 1, f) > 0);
        fclose(f);
        if (!strstr(is, part))
                fail_msg("%s does not say \"%s\" but \"%s\"", path, part, is);
}

static void assert_empty_file(const char *path, bool wanted) {
        struct stat st;

        assert_int_equal(stat(path, &st) == 0, wanted);
        if (wanted)
                assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
}

/* Let `change` work on the node, and look at the tree. */
static void write_with(struct store *s, void (*change)(struct node *n)) {
        struct store_write w;
        struct err e = { 0 };

        assert_ok(store_begin(s, &w, &working, &e), &e);
        change(&working);
        assert_ok(store_end(s, &w, &working, &e), &e);
        folder_check_tree(&working);
}

static void shows_the_driver_and_its_gpus(void **state) {
        (void)state;
        char path[128], part[128];

        folder_create(3);
        folder_read(&working);
        for (unsigned i = 0; i < 3; i++) {
                const struct node_gpu *gpu = &working.gpus[i];
                snprintf(path, sizeof path, "node/root/dev/nvidia%u", gpu->minor);
                assert_empty_file(path, true);
                snprintf(path, sizeof path, "node/root/proc/driver/nvidia/gpus/%04x:%02x:%02x.0/information", gpu->pci_domain, gpu->pci_bus,
                         gpu->pci_device);
                snprintf(part, sizeof part, "Device Minor: \t %u\n", gpu->minor);
                assert_says(path, part);
                assert_says(path, "Model: \t\t NVIDIA A100");
                assert_says(path, "GPU UUID: \t GPU-");
        }
        assert_empty_file("node/root/dev/nvidia3", false);
        assert_empty_file("node/root/dev/nvidiactl", true);
        assert_empty_file("node/root/dev/nvidia-uvm", true);
        assert_empty_file("node/root/dev/nvidia-uvm-tools", true);
        assert_empty_file("node/root/dev/nvidia-caps/nvidia-cap1", true);
        assert_empty_file("node/root/dev/nvidia-caps/nvidia-cap2", true);
        assert_says("node/root/proc/driver/nvidia/version", "NVRM version: ");
        assert_says("node/root/proc/driver/nvidia/version", "  590.48.01  ");
        assert_says("node/root/proc/devices", "195 nvidia\n");
        assert_says("node/root/proc/devices", " nvidia-caps\n");
        assert_text("node/root/proc/driver/nvidia/capabilities/mig/config",
                    "DeviceFileMinor: 1\nDeviceFileMode: 256\nDeviceFileModify: 1\n");
        assert_text("node/root/proc/driver/nvidia-caps/nvlink-minors", "fabric-mgmt 0\n");
        assert_text("node/root/proc/driver/nvidia-caps/sys-minors", "fabric-imex-mgmt 4323\n");
        assert_text("node/root/proc/driver/nvidia/capabilities/fabric-imex-mgmt",
                    "DeviceFileMinor: 4323\nDeviceFileMode: 256\nDeviceFileModify: 1\n"); /* as machines with IMEX list it */
        assert_text("node/root/proc/driver/nvidia/capabilities/mig/monitor",
                    "DeviceFileMinor: 2\nDeviceFileMode: 292\nDeviceFileModify: 1\n");
        folder_check_tree(&working);
}

static void create_one(const char *model, const char *driver) {
        struct node_gpu_wish wish = { .model = gpu_model_find(model) };
        struct err e = { 0 };

        assert_non_null(wish.model);
        assert_ok(node_init(&working, driver, 1, &wish, 1, NOW, &e), &e);
        assert_ok(store_create("node", &working, true, &e), &e);
        folder_check_tree(&working);
}

/* nv-caps-imex.c is in the kernel driver since 550.54; its channel 0 is open to everybody, and made only where the driver is told to. */
static void has_channels_to_other_machines(void **state) {
        (void)state;
        static const char channel[] = "node/root/dev/nvidia-caps-imex-channels/channel0";
        struct stat is, gpu;

        create_one("GB200-186GB", "590.48.01");
        assert_empty_file(channel, true);
        assert_int_equal(stat(channel, &is), 0);
        assert_int_equal(stat("node/root/dev/nvidia0", &gpu), 0);
        assert_int_equal(is.st_mode, gpu.st_mode);
        assert_says("node/root/proc/devices", " nvidia-caps-imex-channels\n");
        create_one("A100-80GB", "590.48.01");
        assert_says("node/root/proc/devices", " nvidia-caps-imex-channels\n");
        assert_int_equal(access("node/root/dev/nvidia-caps-imex-channels", F_OK), -1);
        create_one("A100-80GB", "535.104.05");
        assert_text("node/root/proc/devices",
                    "Character devices:\n195 nvidia-frontend\n195 nvidia-modeset\n195 nvidiactl\n235 nvidia-caps\n"
                    "510 nvidia-uvm\n\nBlock devices:\n");
}

static const struct {
        const char *name, *text;
} a100_on_the_bus[] = {
        { "vendor", "0x10de\n" },  { "device", "0x20b2\n" }, { "subsystem_vendor", "0x10de\n" },
        { "class", "0x030200\n" }, { "revision", "0xa1\n" }, { "numa_node", "0\n" },
};

/* The header as the PCI specification lays it out: the ids, memory and bus master on, no capabilities, revision, class. */
static void has_a_pci_header(const char *folder) {
        static const unsigned char begin[] = { 0xde, 0x10, 0xb2, 0x20, 0x06, 0, 0, 0, 0xa1, 0, 0x02, 0x03 };
        unsigned char is[512];
        char path[128];

        snprintf(path, sizeof path, "%s/config", folder);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        assert_int_equal(fread(is, 1, sizeof is, f), 256);
        fclose(f);
        assert_memory_equal(is, begin, sizeof begin);
        assert_int_equal(is[0x2c] | is[0x2d] << 8, 0x10de);
        assert_int_equal(is[0x34], 0);
}

static void shows_the_devices_of_the_bus(void **state) {
        (void)state;
        char folder[64], path[128];

        folder_create(3);
        folder_read(&working);
        for (unsigned i = 0; i < 3; i++) {
                const struct node_gpu *gpu = &working.gpus[i];
                snprintf(folder, sizeof folder, "node/root/sys/bus/pci/devices/%04x:%02x:%02x.0", gpu->pci_domain, gpu->pci_bus,
                         gpu->pci_device);
                for (unsigned k = 0; k < sizeof a100_on_the_bus / sizeof *a100_on_the_bus; k++) {
                        snprintf(path, sizeof path, "%s/%s", folder, a100_on_the_bus[k].name);
                        assert_text(path, a100_on_the_bus[k].text);
                }
                snprintf(path, sizeof path, "%s/resource", folder);
                assert_says(path, "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
                has_a_pci_header(folder);
        }
}

/* First lines, a line in the middle, and the last as real machines have them; no line is missing. */
static void has_the_whole_table_of_minors(void **state) {
        (void)state;
        char line[128];
        unsigned lines = 0, minor, found = 0;

        folder_create(1);
        FILE *f = fopen("node/root/proc/driver/nvidia-caps/mig-minors", "r");
        assert_non_null(f);
        for (; fgets(line, sizeof line, f); lines++) {
                const char *number = strchr(line, ' ');
                assert_non_null(number);
                assert_int_equal(sscanf(number, "%u", &minor), 1);
                assert_int_equal(minor, lines + 1);
                found += strcmp(line, "config 1\n") == 0 || strcmp(line, "monitor 2\n") == 0 || strcmp(line, "gpu0/gi0/access 3\n") == 0 ||
                         strcmp(line, "gpu0/gi0/ci0/access 4\n") == 0 || strcmp(line, "gpu0/gi7/access 66\n") == 0 ||
                         strcmp(line, "gpu1/gi0/access 138\n") == 0 || strcmp(line, "gpu31/gi14/ci7/access 4322\n") == 0;
        }
        fclose(f);
        assert_int_equal(lines, 4322);
        assert_int_equal(found, 7);
}

static void fill(struct node *n) {
        for (unsigned gpu = 0; gpu < n->gpu_count; gpu++)
                for (unsigned start = 0; start < 7; start++)
                        folder_toggle(n, gpu, start);
}

static void toggle_one(struct node *n) {
        folder_toggle(n, 0, 3);
}

static void share_an_instance(struct node *n) {
        unsigned gi, ci;

        fill(n);                                                                /* away with all */
        assert_int_equal(mig_create_gi(n, 0, 9, NULL, NOW, &gi), NVML_SUCCESS); /* 9: 3g */
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(mig_create_ci(n, 0, gi, 0, NULL, NOW, &ci), NVML_SUCCESS);
}

static void switch_off_and_on(struct node *n) {
        node_reboot(n, NOW + 1);
}

static void follows_the_instances(void **state) {
        (void)state;
        folder_create(2);
        struct store *s = folder_open();
        write_with(s, toggle_one);
        write_with(s, toggle_one);
        write_with(s, fill);
        write_with(s, toggle_one);
        write_with(s, toggle_one);
        write_with(s, share_an_instance);
        write_with(s, switch_off_and_on);
        write_with(s, fill);
        folder_close(s);
}

static void nothing(struct node *n) {
        (void)n;
}

/* Nothing of the tree is touched by a write that does not concern it, and files that stay are not made anew. */
static void writes_differences_only(void **state) {
        (void)state;
        static const char *const files[] = { "node/root/dev/nvidia0", "node/root/proc/driver/nvidia-caps/mig-minors",
                                             "node/root/proc/driver/nvidia/capabilities/gpu0/mig/gi9/access",
                                             "node/root/dev/nvidia-caps/nvidia-cap84" };
        struct stat was[4], is;

        folder_create(1);
        struct store *s = folder_open();
        write_with(s, fill); /* gi9: the 1g at memory slice 2 */
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(stat(files[i], &was[i]), 0);
        write_with(s, nothing);
        write_with(s, toggle_one);
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(stat(files[i], &is), 0);
                assert_int_equal(is.st_ino, was[i].st_ino);
                assert_memory_equal(&is.st_mtim, &was[i].st_mtim, sizeof is.st_mtim);
        }
        folder_close(s);
}

static void remove_folder(const char *path) {
        char command[256];

        snprintf(command, sizeof command, "rm -r '%s'", path);
        assert_int_equal(system(command), 0);
}

/* Somebody takes the whole tree away: the next change, or a repair, brings it back. */
static void repairs_a_tree_that_is_gone(void **state) {
        (void)state;
        struct err e = { 0 };

        folder_create(2);
        struct store *s = folder_open();
        write_with(s, fill);
        remove_folder("node/root");
        write_with(s, toggle_one);
        remove_folder("node/root");
        assert_ok(store_repair(s, &e), &e);
        folder_check_tree(&working);
        assert_empty_file("node/root/dev/nvidia1", true);
        folder_close(s);
}

/* Where root cannot be written the node changes all the same, and the repair says why the tree does not. */
static void a_tree_that_cannot_be_written_stops_nobody(void **state) {
        (void)state;
        struct store_write w;
        struct err e = { 0 };

        folder_create(1);
        struct store *s = folder_open();
        remove_folder("node/root");
        FILE *f = fopen("node/root", "w"); /* a file in its place; permissions would not stop root */
        assert_non_null(f);
        fclose(f);
        assert_ok(store_begin(s, &w, &working, &e), &e);
        fill(&working);
        assert_ok(store_end(s, &w, &working, &e), &e);
        folder_read(&before);
        assert_memory_equal(&before, &working, sizeof before);
        assert_int_equal(store_repair(s, &e), -ERR_SYSTEM);
        assert_refused(-1, &e, "/root: cannot be opened: Not a directory");
        assert_int_equal(unlink("node/root"), 0);
        assert_ok(store_repair(s, &e), &e);
        folder_check_tree(&working);
        folder_close(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(shows_the_driver_and_its_gpus, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(has_channels_to_other_machines, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(shows_the_devices_of_the_bus, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(has_the_whole_table_of_minors, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(follows_the_instances, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(writes_differences_only, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(repairs_a_tree_that_is_gone, folder_enter, folder_leave),
                cmocka_unit_test_setup_teardown(a_tree_that_cannot_be_written_stops_nobody, folder_enter, folder_leave),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
