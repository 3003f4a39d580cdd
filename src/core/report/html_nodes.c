/* Every distinct node as a drawing: a bar per GPU, a block per slice, to scale; MIG slices where they are placed in memory. */
#include <string.h>

#include "base/mem.h"
#include "core/report/html.h"
#include "core/report/words.h"

#define GROUPS_MAX 24 /* so many are all shown at once; of more only GROUPS_OPEN, the next ones behind a fold */
#define GROUPS_OPEN 12
#define GROUPS_DRAWN 300 /* more drawings help nobody; the JSON has all */
#define KEYS_MAX 8       /* the same for the workloads of one node */
#define KEYS_OPEN 6
#define TEXT_MAX 4096
#define BAR_PIXELS 250.0 /* of the narrowest drawing, to know which labels fit */
#define GLYPH_PIXELS 7.0

static const char *const mode_class[] = { [GPU_WHOLE] = "whole", [GPU_MIG] = "mig", [GPU_MPS] = "mps", [GPU_TIME_SLICING] = "time" };

/* What ties a block of the drawing to a line below it: A, B, … Z, AA, AB, … */
static void add_key(struct buf *b, uint32_t index) {
        if (index >= 26)
                buf_addc(b, (char)('A' + index / 26 - 1));
        buf_addc(b, (char)('A' + index % 26));
}

static uint32_t key_of(const struct plan_node *n, uint32_t workload) {
        uint32_t i = 0;

        while (i + 1 < n->pod_count && n->pods[i].workload != workload)
                i++;
        return i;
}

/* Where a slice lies on its GPU, in percent; `used` is what stands before it. */
static void extent(const struct plan_node *n, const struct plan_slice *s, double used, double *ret_from, double *ret_width) {
        const struct gpu_model *gpu = n->type->gpu;

        if (s->mode == GPU_WHOLE) {
                *ret_from = 0, *ret_width = 100;
        } else if (s->mode == GPU_MIG && gpu && gpu->memory_slices && s->size) {
                *ret_from = 100.0 * s->start / gpu->memory_slices;
                *ret_width = 100.0 * s->size / gpu->memory_slices;
        } else {
                *ret_from = used;
                *ret_width = s->milli / 10.0;
        }
}

static void block(const struct html *h, const struct plan_node *n, const struct plan_slice *s, double from, double width) {
        const char *name = h->view->names[s->workload];
        struct buf key = BUF(16), t = BUF(TEXT_MAX);

        add_key(&key, key_of(n, s->workload));
        buf_printf(h->out, "<svg class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"26\"><title>", mode_class[s->mode], from, width);
        html_text(h->out, name);
        buf_adds(h->out, ": ");
        html_text(h->out, s->profile);
        buf_printf(h->out, ", %s, ", words_mode(s->mode));
        words_percent(&t, s->milli / 10.0);
        html_take(h->out, &t);
        buf_printf(h->out, " of the GPU</title><rect width=\"100%%\" height=\"26\"/><text x=\"6\" y=\"17\"><tspan class=\"k\">%s</tspan>",
                   buf_text(&key));
        if ((double)(strlen(s->profile) + key.length + 1) * GLYPH_PIXELS + 12 <= width / 100 * BAR_PIXELS) {
                buf_addc(h->out, ' ');
                html_text(h->out, s->profile);
        }
        buf_adds(h->out, "</text></svg>");
        buf_done(&key);
}

static void gpu_row(const struct html *h, const struct plan_node *n, uint32_t index) {
        const struct plan_gpu *gpu = &n->gpus[index];
        double used = 0;

        buf_printf(h->out,
                   "<div class=\"gpu\"><span>GPU %u</span><svg width=\"100%%\" height=\"26\"><rect class=\"free\" width=\"100%%\" "
                   "height=\"26\"/>",
                   index);
        for (uint32_t i = 0; i < gpu->slice_count; i++) {
                double from, width;
                extent(n, &gpu->slices[i], used, &from, &width);
                block(h, n, &gpu->slices[i], from, width);
                used += width;
        }
        if (!gpu->slice_count)
                buf_adds(h->out, "<text class=\"none\" x=\"8\" y=\"17\">empty</text>");
        buf_adds(h->out, "</svg></div>\n");
}

/* "9 of 15.9 CPU" with a line as long as it is full. */
static void meter(const struct html *h, double used, double of, struct buf *text) {
        buf_adds(h->out, "<div><span>");
        html_take(h->out, text);
        buf_printf(h->out,
                   "</span><svg aria-hidden=\"true\" width=\"100%%\" height=\"4\"><rect class=\"free\" width=\"100%%\" height=\"4\"/>"
                   "<rect class=\"full\" width=\"%.1f%%\" height=\"4\"/></svg></div>",
                   of > 0 ? MIN(100 * used / of, 100.0) : 0);
}

static void meters(const struct html *h, const struct plan_node *n) {
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<div class=\"meters\">");
        buf_printf(&t, "%.*f of %.*f CPU", n->cpu_milli % 1000 ? 1 : 0, n->cpu_milli / 1000.0, n->type->alloc_cpu_milli % 1000 ? 1 : 0,
                   n->type->alloc_cpu_milli / 1000.0);
        meter(h, n->cpu_milli, n->type->alloc_cpu_milli, &t);
        words_mib(&t, n->memory_mib);
        buf_adds(&t, " of ");
        words_mib(&t, n->type->alloc_memory_mib);
        meter(h, n->memory_mib, n->type->alloc_memory_mib, &t);
        buf_adds(h->out, "</div>\n");
}

static void key_lines(const struct html *h, const struct plan_node *n, uint32_t from, uint32_t to) {
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<ul class=\"keys\">");
        for (uint32_t i = from; i < to; i++) {
                const struct plan_workload *w = &h->plan->workloads[n->pods[i].workload];
                buf_printf(h->out, "<li><b class=\"%s\">", mode_class[w->mode]);
                add_key(&t, i);
                html_take(h->out, &t);
                buf_adds(h->out, "</b><span>");
                html_name(h->out, h->view->names[n->pods[i].workload]);
                buf_printf(h->out, "</span><i>×%u</i><em>", n->pods[i].count);
                html_text(h->out, w->mode == GPU_WHOLE ? "whole" : w->profile);
                buf_adds(h->out, "</em></li>");
        }
        buf_adds(h->out, "</ul>\n");
}

static void keys(const struct html *h, const struct plan_node *n) {
        uint32_t open = n->pod_count <= KEYS_MAX ? n->pod_count : KEYS_OPEN;

        key_lines(h, n, 0, open);
        if (open == n->pod_count)
                return;
        buf_printf(h->out, "<details><summary>%u more</summary>\n", n->pod_count - open);
        key_lines(h, n, open, n->pod_count);
        buf_adds(h->out, "</details>\n");
}

static void card(const struct html *h, const struct plan_node *n) {
        struct buf t = BUF(TEXT_MAX);

        buf_printf(h->out, "<li class=\"card%s\"><h3><span>", n->gpu_count > 1 ? " many" : "");
        words_count(&t, n->count);
        buf_adds(&t, " × ");
        words_type(&t, n->type, n->capacity);
        html_take(h->out, &t);
        buf_adds(h->out, "</span> <small>");
        words_dollars(&t, n->usd_per_hour * n->count);
        buf_adds(&t, "/h");
        html_take(h->out, &t);
        buf_adds(h->out, "</small></h3>\n<div class=\"gpus\" role=\"img\" aria-label=\"");
        words_type_gpus(&t, n->type);
        buf_adds(&t, ", drawn to scale; what stands on them is listed below");
        html_take(h->out, &t);
        buf_adds(h->out, "\">\n");
        for (uint32_t g = 0; g < n->gpu_count; g++)
                gpu_row(h, n, g);
        buf_adds(h->out, "</div>\n");
        meters(h, n);
        keys(h, n);
        buf_adds(h->out, "</li>\n");
}

static void cards(const struct html *h, size_t from, size_t to) {
        buf_adds(h->out, "<ul class=\"cards\">\n");
        for (size_t i = from; i < to; i++)
                card(h, &h->plan->nodes[i]);
        buf_adds(h->out, "</ul>\n");
}

/* What is not drawn is still counted. */
static void undrawn(const struct html *h, size_t from) {
        struct buf t = BUF(TEXT_MAX);
        uint64_t nodes = 0;
        double usd = 0;

        for (size_t i = from; i < h->plan->node_count; i++) {
                nodes += h->plan->nodes[i].count;
                usd += h->plan->nodes[i].count * h->plan->nodes[i].usd_per_hour;
        }
        buf_adds(h->out, "<p class=\"more\">And ");
        words_count(&t, h->plan->node_count - from);
        buf_adds(&t, " more groups like these (");
        words_counted(&t, nodes, "node");
        buf_adds(&t, ", ");
        words_dollars(&t, usd);
        buf_adds(&t, "/h), not drawn here. The JSON report (-o json) lists every one.");
        html_take(h->out, &t);
        buf_adds(h->out, "</p>\n");
}

/* Only of the modes that occur. */
static void legend(const struct html *h) {
        static const char *const texts[] = {
                [GPU_MIG] = "MIG slice: its own memory and compute, placed where drawn",
                [GPU_MPS] = "MPS share: limited memory, kernels run side by side",
                [GPU_TIME_SLICING] = "time-slicing: turns, memory not limited",
                [GPU_WHOLE] = "whole GPU",
        };
        uint64_t gpus[GPU_MODE_MAX] = { 0 };

        for (size_t i = 0; i < h->view->purchase_count; i++)
                for (size_t mode = 0; mode < GPU_MODE_MAX; mode++)
                        gpus[mode] += h->view->purchases[i].gpus[mode];
        buf_adds(h->out, "<ul class=\"legend\">");
        for (size_t mode = 0; mode < GPU_MODE_MAX; mode++)
                if (gpus[mode])
                        buf_printf(h->out,
                                   "<li><svg aria-hidden=\"true\" class=\"%s\" width=\"22\" height=\"14\"><rect width=\"22\" "
                                   "height=\"14\"/></svg>%s</li>",
                                   mode_class[mode], texts[mode]);
        buf_adds(h->out, "<li><svg aria-hidden=\"true\" width=\"22\" height=\"14\"><rect class=\"free\" width=\"22\" height=\"14\"/></svg>"
                         "free</li></ul>\n");
}

void html_nodes(const struct html *h) {
        size_t count = h->plan->node_count, drawn = MIN(count, GROUPS_DRAWN), open = count <= GROUPS_MAX ? count : GROUPS_OPEN;
        struct buf t = BUF(TEXT_MAX);

        if (!count)
                return;
        html_open(h, "nodes", "Every node, to scale");
        buf_adds(h->out, "<p>One drawing for each group of nodes that are alike, dearest group first. A bar is a GPU, a block is a slice; "
                         "its letter names the workload below.</p>\n");
        legend(h);
        cards(h, 0, open);
        if (drawn > open) {
                buf_adds(h->out, "<details><summary>");
                words_counted(&t, drawn - open, "smaller group");
                html_take(h->out, &t);
                buf_adds(h->out, "</summary>\n");
                cards(h, open, drawn);
                buf_adds(h->out, "</details>\n");
        }
        if (count > drawn)
                undrawn(h, drawn);
        html_close(h);
}
