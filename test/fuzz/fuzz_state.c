/* Bytes as damage to a state file: whatever stands in it, opening, reading, writing and repairing end with an answer, and without a new
 * seal nothing but the node that was written ever comes out.
 *
 * First byte: bit 0 puts a new seal on the slot that counts (the damage is then a node that somebody wrote), bit 1 cuts the file at the
 * length in the next three bytes, bit 2 repairs the tree. Then patches: three bytes of offset, the number of bytes, the bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/gpu/model.h"
#include "fuzz.h"
#include "sim/store/format.h"
#include "sim/store/store.h"

enum { RESEAL = 1, CUT = 2, REPAIR = 4 };

static char folder[] = "/tmp/carve-fuzz-state-XXXXXX";
static uint8_t image[STATE_BYTES];
static struct node original, seen, working;
static int state_fd = -1;

static void remove_folder(void) {
        char command[64];

        snprintf(command, sizeof command, "rm -r '%s'", folder);
        MUST(system(command) == 0);
}

static void set_up(void) {
        const struct node_gpu_wish wishes[2] = { { .model = gpu_model_find("A100-80GB"), .mig = true },
                                                 { .model = gpu_model_find("H100-80GB") } };
        char path[64];
        struct err e;

        MUST(mkdtemp(folder) != NULL);
        atexit(remove_folder);
        MUST(node_init(&original, "590.48.01", 1, wishes, 2, 1700000000000000, &e) == 0);
        MUST(store_create(folder, &original, false, &e) == 0);
        snprintf(path, sizeof path, "%s/state", folder);
        state_fd = open(path, O_RDWR | O_CLOEXEC);
        MUST(pread(state_fd, image, sizeof image, 0) == (ssize_t)sizeof image);
}

static uint32_t three_bytes(const uint8_t *data) {
        return (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
}

static void write_image(const uint8_t *data, size_t bytes, unsigned flags, uint32_t length) {
        static uint8_t damaged[STATE_BYTES];
        struct err e;

        memcpy(damaged, image, sizeof damaged);
        for (const uint8_t *end = data + bytes; end - data >= 5;) {
                uint32_t at = three_bytes(data) % sizeof damaged, count = data[3];
                for (data += 4; count && data < end && at < sizeof damaged; count--)
                        damaged[at++] = *data++;
        }
        MUST(pwrite(state_fd, damaged, sizeof damaged, 0) == (ssize_t)sizeof damaged);
        if (flags & RESEAL) {
                memcpy(&working, damaged + STATE_SLOT_AT(1) + sizeof(struct state_seal), sizeof working);
                MUST(state_put(state_fd, folder, &working, 1, &e) == 0);
        }
        MUST(ftruncate(state_fd, flags & CUT ? (off_t)(length % STATE_BYTES) : STATE_BYTES) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct store_write w;
        struct store s;
        struct err e;

        if (state_fd < 0)
                set_up();
        unsigned flags = bytes ? data[0] : 0;
        size_t head = flags & CUT ? 4 : 1;
        if (bytes < head)
                return 0;
        write_image(data + head, bytes - head, flags, flags & CUT ? three_bytes(data + 1) : 0);

        if (store_open(&s, folder, &e) < 0)
                return 0;
        if (store_refresh(&s, &seen, NULL, &e) == 0) {
                MUST(node_check(&seen, &e) == 0);
                MUST(flags & RESEAL || memcmp(&seen, &original, sizeof seen) == 0);
                MUST(store_begin(&s, &w, &working, &e) == 0);
                MUST(memcmp(&seen, &working, sizeof seen) == 0);
                working.next_serial ^= 0x100;
                int r = store_end(&s, &w, node_check(&working, &e) == 0 ? &working : NULL, &e);
                MUST(r == 0 && store_refresh(&s, &seen, NULL, &e) == 0);
                MUST(memcmp(&seen, &working, sizeof seen) == 0 || node_check(&working, &e) < 0);
        } else {
                MUST(seen.gpu_count == 0);
                MUST(store_begin(&s, &w, &working, &e) < 0);
        }
        if (flags & REPAIR)
                store_repair(&s, &e);
        store_close(&s);
        return 0;
}
