/* `carve gpus` as a page: each GPU as a bar of its memory slices. */
#include <string.h>

#include "base/paper.h"
#include "base/utf8.h"
#include "cmd/gpus.h"

#define BAR_INDENT 2
#define BAR_COLUMNS_MAX 96
#define LINE_MAX_BYTES 512
#define GIB_COLUMNS 9      /* "180.0 GiB" */
#define PROCESS_COLUMNS 33 /* of a process, from its indent to its name */
#define GIB ((double)(1 << 30))

/* At least so many columns, to the right. */
static void put_gib(const struct paper *p, enum ink ink, int64_t bytes, size_t columns) {
        char text[32];

        if (bytes < 0)
                snprintf(text, sizeof text, "? GiB");
        else
                snprintf(text, sizeof text, "%.1f GiB", (double)bytes / GIB);
        paper_right(p, ink, text, MAX(columns, strlen(text)));
}

static const char *mode_of(const struct driver_gpu *gpu) {
        if (!gpu->mig_capable)
                return "no MIG";
        if (gpu->mig_on != gpu->mig_pending_on)
                return gpu->mig_on ? "MIG on, off after a reset" : "MIG off, on after a reset";
        return gpu->mig_on ? "MIG on" : "MIG off";
}

static void put_sensors(const struct paper *p, const struct driver_sensors *s) {
        char text[96] = "";
        size_t used = 0;

        if (s->temperature_c >= 0)
                used += (size_t)snprintf(text + used, sizeof text - used, "  %d C", s->temperature_c);
        if (s->power_mw >= 0)
                used += (size_t)snprintf(text + used, sizeof text - used, "  %d W", (s->power_mw + 500) / 1000);
        if (s->gpu_percent >= 0)
                snprintf(text + used, sizeof text - used, "  busy %d %%", s->gpu_percent);
        paper_put(p, INK_DIM, text);
}

static void put_head(const struct paper *p, const struct driver_gpu *gpu) {
        char text[LINE_MAX_BYTES];

        snprintf(text, sizeof text, "GPU %u", gpu->index);
        paper_put(p, INK_BOLD, text);
        snprintf(text, sizeof text, "  %s", *gpu->product ? gpu->product : "?");
        paper_put(p, INK_PLAIN, text);
        if (*gpu->health.fault) {
                paper_end(p);
                if (*gpu->uuid) {
                        snprintf(text, sizeof text, "  %s  %s", gpu->uuid, gpu->bus_id);
                        paper_put(p, INK_DIM, text);
                        paper_end(p);
                }
                paper_put(p, INK_BAD, "  ");
                paper_wrap(p, INK_BAD, gpu->health.fault, 2, 2);
                return;
        }
        snprintf(text, sizeof text, "  %s", mode_of(gpu));
        paper_put(p, gpu->mig_on != gpu->mig_pending_on ? INK_BAD : INK_PLAIN, text);
        paper_put(p, INK_PLAIN, "  ");
        put_gib(p, INK_PLAIN, gpu->memory_bytes, 0);
        put_sensors(p, &gpu->sensors);
        paper_end(p);
        snprintf(text, sizeof text, "  %s  %s", gpu->uuid, gpu->bus_id);
        paper_put(p, INK_DIM, text);
        paper_end(p);
}

/* [3g.40gb ==========], filled with '=' while it is in use. */
static void put_slice(const struct paper *p, const struct driver_slice *slice, unsigned columns) {
        struct buf text = BUF(LINE_MAX_BYTES);
        const char *name = *slice->name ? slice->name : "?";
        size_t inside = columns - 2, length = MIN(strlen(name), inside);

        buf_addc(&text, '[');
        buf_add(&text, name, length);
        if (length < inside) {
                buf_addc(&text, ' ');
                buf_repeat(&text, slice->process_count ? "=" : " ", (unsigned)(inside - length - 1));
        }
        buf_addc(&text, ']');
        paper_put(p, slice->process_count ? INK_MARK : INK_GOOD, buf_text(&text));
        buf_done(&text);
}

static void put_bar(const struct paper *p, const struct driver_gpu *gpu, unsigned memory_slices) {
        unsigned cell = MIN(p->columns - BAR_INDENT, (unsigned)BAR_COLUMNS_MAX) / memory_slices;
        unsigned next = 0;

        paper_space(p, BAR_INDENT);
        for (unsigned at = 0; at < memory_slices;) {
                const struct driver_slice *slice = next < gpu->slice_count ? &gpu->slices[next] : NULL;
                if (slice && slice->start <= at) {
                        unsigned size = MIN(MAX(slice->size, 1u), memory_slices - at);
                        put_slice(p, slice, size * cell);
                        at += size;
                        next++;
                        continue;
                }
                for (unsigned c = 0; c < cell; c++)
                        paper_put(p, INK_DIM, c == 0 ? ":" : ".");
                at++;
        }
        paper_end(p);
}

/* The name last, as it may have any length; of a path that does not fit, its end. */
static void put_process(const struct paper *p, const struct driver_process *process, unsigned indent) {
        const char *name = *process->name ? process->name : "?", *slash = strrchr(name, '/');
        size_t room = p->columns - PROCESS_COLUMNS - indent;
        char text[LINE_MAX_BYTES];

        snprintf(text, sizeof text, "pid %-7u  %-8s ", process->pid, driver_process_kind_name(process->kind));
        paper_space(p, indent);
        paper_put(p, INK_PLAIN, text);
        put_gib(p, INK_PLAIN, process->memory_bytes, GIB_COLUMNS);
        paper_put(p, INK_PLAIN, "  ");
        if (slash && slash[1] && utf8_columns(name) > room)
                name = slash + 1;
        paper_left(p, INK_PLAIN, name, MIN(utf8_columns(name), room));
        paper_end(p);
}

static bool has_compute(const struct driver_slice *slice, uint32_t ci_id) {
        for (unsigned i = 0; i < slice->compute_count; i++)
                if (slice->compute[i].id == ci_id)
                        return true;
        return false;
}

/* Each MIG device with its processes, then those of which only the slice is known. */
static void put_compute(const struct paper *p, const struct driver_gpu *gpu, const struct driver_slice *slice) {
        char text[LINE_MAX_BYTES];

        for (unsigned k = 0; k < slice->compute_count; k++) {
                const struct driver_compute *c = &slice->compute[k];
                snprintf(text, sizeof text, "      %u:%d  %-14s  %s", gpu->index, c->mig_index, c->name, c->uuid);
                paper_put(p, INK_DIM, text);
                paper_end(p);
                for (unsigned i = 0; i < gpu->process_count; i++)
                        if (gpu->processes[i].gi_id == slice->id && gpu->processes[i].ci_id == c->id)
                                put_process(p, &gpu->processes[i], 8);
        }
        if (slice->compute_count == 0) {
                paper_put(p, INK_BAD, "      no compute instance: nothing can run here");
                paper_end(p);
        }
        for (unsigned i = 0; i < gpu->process_count; i++)
                if (gpu->processes[i].gi_id == slice->id && !has_compute(slice, gpu->processes[i].ci_id))
                        put_process(p, &gpu->processes[i], 6);
}

static void put_slices(const struct paper *p, const struct driver_gpu *gpu) {
        char text[LINE_MAX_BYTES];

        for (unsigned i = 0; i < gpu->slice_count; i++) {
                const struct driver_slice *slice = &gpu->slices[i];
                snprintf(text, sizeof text, "  at %-2u  %-14s  instance %-2u ", slice->start, *slice->name ? slice->name : "?", slice->id);
                paper_put(p, INK_PLAIN, text);
                put_gib(p, INK_PLAIN, slice->memory_bytes, GIB_COLUMNS);
                paper_put(p, INK_PLAIN, slice->process_count ? ", in use" : *gpu->processes_unknown ? ", use unknown" : ", idle");
                paper_end(p);
                put_compute(p, gpu, slice);
        }
}

/* "still fits: 2g.20gb at 2 4 6, 1g.10gb at 1" */
static void put_free(const struct paper *p, const struct live_model *live, const struct driver_gpu *gpu) {
        struct layout layout;
        bool any = false;

        if (!live_layout(live, gpu, &layout)) {
                paper_put(p, INK_BAD, "  these slices are not what the driver offers: nothing can be said about room for more");
                paper_end(p);
                return;
        }
        paper_put(p, INK_PLAIN, "  still fits:");
        struct paragraph g = paper_paragraph(p, 14, 13);
        for (unsigned i = 0; i < live->model.profile_count; i++) {
                uint32_t starts = gpus_free_starts(&layout, &live->profiles[i]);
                char text[LINE_MAX_BYTES];
                if (!starts)
                        continue;
                size_t used = (size_t)snprintf(text, sizeof text, "%s%s at", any ? "| " : "", live->profiles[i].name);
                for (unsigned s = 0; s < live->model.memory_slices; s++)
                        if (starts >> s & 1)
                                used += (size_t)snprintf(text + used, sizeof text - used, " %u", s);
                paper_words(&g, INK_PLAIN, text);
                any = true;
        }
        if (!any)
                paper_words(&g, INK_PLAIN, "nothing");
        paper_end(p);
}

static void put_gpu(const struct paper *p, const struct live_model *live, const struct driver_gpu *gpu) {
        put_head(p, gpu);
        if (*gpu->health.fault)
                return;
        if (gpu->mig_on && live->model.memory_slices > 0) {
                put_bar(p, gpu, live->model.memory_slices);
                put_slices(p, gpu);
                put_free(p, live, gpu);
        }
        for (unsigned i = 0; i < gpu->process_count; i++)
                if (gpu->processes[i].gi_id == DRIVER_NONE)
                        put_process(p, &gpu->processes[i], 2);
        if (*gpu->processes_unknown) {
                paper_space(p, 2);
                paper_wrap(p, INK_BAD, gpu->processes_unknown, 2, 2);
        }
        if (gpu->health.rows_failed > 0 || gpu->health.rows_pending > 0) {
                paper_put(p, INK_BAD,
                          gpu->health.rows_failed > 0 ? "  broken memory rows that cannot be replaced: have the GPU exchanged"
                                                      : "  broken memory rows wait for a reset to be replaced");
                paper_end(p);
        }
}

void gpus_print_text(const struct cmd_run *run, const struct gpus_node *n, struct buf *out) {
        const struct paper p = paper_new(run->color, run->columns, out);
        const struct driver_about *about = driver_about(n->driver);
        char text[LINE_MAX_BYTES];

        snprintf(text, sizeof text, "driver %s, NVML %s, %u GPU%s", about->version, about->nvml, n->node.gpu_count,
                 n->node.gpu_count == 1 ? "" : "s");
        paper_put(&p, INK_DIM, text);
        paper_end(&p);
        for (unsigned i = 0; i < n->node.gpu_count; i++) {
                if (!n->meant[i])
                        continue;
                paper_end(&p);
                put_gpu(&p, &n->live[i], &n->node.gpus[i]);
        }
}
