/* The machine's GPUs, and each GPU's own profiles as a model that core/gpu can reckon with. */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "cmd/gpus.h"

#define COUNT_MAX 15 /* core/gpu/room.h keeps counts in four bits */

static void take_starts(const struct driver_profile *from, struct gpu_profile *p) {
        p->memory_slices = (uint8_t)from->size;
        p->start_count = 0;
        for (unsigned i = 0; i < from->start_count && p->start_count < GPU_STARTS_MAX; i++)
                p->starts[p->start_count++] = from->starts[i];
}

/* What is in the catalogue counts where the driver is silent, or known to be wrong (the counts of an A30). */
static struct gpu_profile profile_of(const struct driver_profile *from) {
        struct gpu_profile p = { 0 };

        if (from->known)
                p = *from->known;
        else
                p.max_count = (uint8_t)MIN(from->max_count, (unsigned)COUNT_MAX);
        p.id = (uint8_t)MIN(from->id, (uint32_t)GPU_PROFILE_ID_UNKNOWN);
        p.nvml = (uint8_t)from->nvml;
        p.compute_slices = (uint8_t)from->compute_slices;
        p.memory_mib = from->memory_mib;
        if (from->start_count > 0)
                take_starts(from, &p);
        memcpy(p.engines, from->engines, sizeof p.engines);
        return p;
}

static void live_model_init(struct live_model *live, const struct driver_gpu *gpu) {
        *live = (struct live_model){ 0 };
        if (gpu->model)
                live->model = *gpu->model;
        live->model.key = live->model.product = gpu->product;
        live->model.profiles = live->profiles;
        live->model.profile_count = (uint8_t)MIN(gpu->profile_count, (unsigned)GPU_PROFILES_MAX);
        live->model.memory_slices = live->model.compute_slices = 0;
        for (unsigned i = 0; i < live->model.profile_count; i++) {
                struct gpu_profile *p = &live->profiles[i];
                *p = profile_of(&gpu->profiles[i]);
                memcpy(live->names[i], gpu->profiles[i].name, sizeof live->names[i]);
                p->name = live->names[i];
                p->index = (uint8_t)i;
                live->ids[i] = gpu->profiles[i].id;
                for (unsigned s = 0; s < p->start_count; s++)
                        live->model.memory_slices = (uint8_t)MAX((unsigned)live->model.memory_slices, 0u + p->starts[s] + p->memory_slices);
                live->model.compute_slices = MAX(live->model.compute_slices, p->compute_slices);
        }
}

const struct gpu_profile *live_profile(const struct live_model *live, uint32_t profile_id) {
        for (unsigned i = 0; i < live->model.profile_count; i++)
                if (live->ids[i] == profile_id)
                        return &live->profiles[i];
        return NULL;
}

bool live_layout(const struct live_model *live, const struct driver_gpu *gpu, struct layout *ret_layout) {
        struct layout layout = { .model = &live->model };
        struct err e;

        for (unsigned i = 0; i < gpu->slice_count; i++) {
                const struct slice slice = { live_profile(live, gpu->slices[i].profile_id), (uint8_t)gpu->slices[i].start };
                if (!slice.profile || layout_add(&layout, slice, &e) < 0)
                        return false;
        }
        *ret_layout = layout;
        return true;
}

uint32_t gpus_free_starts(const struct layout *layout, const struct gpu_profile *profile) {
        uint32_t starts = 0;
        struct err e;

        for (unsigned i = 0; i < profile->start_count; i++)
                if (layout_can_add(layout, (struct slice){ profile, profile->starts[i] }, &e) == 0)
                        starts |= UINT32_C(1) << profile->starts[i];
        return starts;
}

unsigned gpus_process_names(const struct driver_gpu *gpu, uint32_t gi_id, char *text, size_t bytes) {
        unsigned count = 0;
        size_t used = 0;

        *text = '\0';
        for (unsigned i = 0; i < gpu->process_count; i++) {
                const struct driver_process *p = &gpu->processes[i];
                const char *slash = strrchr(p->name, '/');
                const char *name = slash ? slash + 1 : p->name;
                if (gi_id != DRIVER_NONE && p->gi_id != gi_id)
                        continue;
                if (used < bytes)
                        used += (size_t)snprintf(text + used, bytes - used, *name ? "%s%s (pid %u)" : "%s%spid %u", count ? ", " : "", name,
                                                 p->pid);
                count++;
        }
        return count;
}

static int find_gpu(const struct gpus_node *n, const char *word, unsigned *ret_index, struct err *e) {
        unsigned found = 0;
        char *end;
        unsigned long index = strtoul(word, &end, 10);

        if (*word >= '0' && *word <= '9' && !*end) {
                if (index >= n->node.gpu_count)
                        return err_set(e, ERR_USAGE, "there is no GPU %s: this machine has %u, numbered from 0", word, n->node.gpu_count);
                *ret_index = (unsigned)index;
                return 0;
        }
        for (unsigned i = 0; i < n->node.gpu_count; i++)
                if (strlen(word) > 4 && strncasecmp(n->node.gpus[i].uuid, word, strlen(word)) == 0) {
                        *ret_index = i;
                        found++;
                }
        if (found == 1)
                return 0;
        return err_set(e, ERR_USAGE, found ? "several GPUs begin with '%s'" : "there is no GPU '%s': give an index or a UUID (GPU-…)",
                       word);
}

static int mean(struct gpus_node *n, const struct cmd_list *meant, struct err *e) {
        for (unsigned i = 0; i < n->node.gpu_count; i++)
                n->meant[i] = meant->count == 0;
        for (unsigned i = 0; i < meant->count; i++) {
                unsigned index = 0;
                int r = find_gpu(n, meant->items[i], &index, e);
                if (r < 0)
                        return r;
                n->meant[index] = true;
        }
        return 0;
}

/* For who asks about GPUs, no driver here and one that does not answer are failures of the driver, neither a file nor a thing to be tried.
 */
static int as_gpu_failure(int r, struct err *e) {
        if (r != -ERR_NOT_FOUND && r != -ERR_AGAIN)
                return r;
        e->code = ERR_GPU;
        return -ERR_GPU;
}

int gpus_read_again(struct gpus_node *n, struct err *e) {
        struct driver_node node;
        int r = driver_read(n->driver, &node, e);

        if (r < 0)
                return as_gpu_failure(r, e);
        driver_node_done(&n->node);
        free(n->live);
        n->node = node;
        n->live = mem_zalloc(node.gpu_count + 1, sizeof *n->live);
        for (unsigned i = 0; i < node.gpu_count; i++)
                live_model_init(&n->live[i], &node.gpus[i]);
        return 0;
}

int gpus_read_gpu(struct gpus_node *n, unsigned index, struct err *e) {
        struct driver_gpu gpu;
        int r = driver_read_gpu(n->driver, index, &gpu, e);

        if (r < 0)
                return as_gpu_failure(r, e);
        driver_gpu_done(&n->node.gpus[index]);
        n->node.gpus[index] = gpu;
        live_model_init(&n->live[index], &n->node.gpus[index]);
        return 0;
}

int gpus_open(const struct cmd_list *meant, struct gpus_node *ret_node, struct err *e) {
        struct gpus_node n = { 0 };
        int r = as_gpu_failure(driver_open(NULL, &n.driver, e), e);

        if (r == 0)
                r = gpus_read_again(&n, e);
        if (r == 0)
                r = mean(&n, meant, e);
        if (r < 0) {
                gpus_close(&n);
                return r;
        }
        *ret_node = n;
        return 0;
}

void gpus_close(struct gpus_node *n) {
        driver_node_done(&n->node);
        free(n->live);
        if (n->driver)
                driver_close(n->driver);
        *n = (struct gpus_node){ 0 };
}
