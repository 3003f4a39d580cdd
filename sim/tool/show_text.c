/* show_text: a simulated node as a page. */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "sim/node/event.h"
#include "sim/node/mig.h"
#include "sim/node/reading.h"
#include "sim/tool/grid.h"
#include "sim/tool/place.h"
#include "sim/tool/show.h"
#include "sim/tool/words.h"

#define EVENTS_SHOWN 10

struct page {
        const struct show *show;
        const struct node *node;
        struct paper paper;
};

/* "9.5 GiB": of bytes. */
static const char *gib(uint64_t bytes, char text[24]) {
        snprintf(text, 24, "%.1f", (double)bytes / (double)(UINT64_C(1) << 30));
        return text;
}

static void put_node(const struct page *page) {
        const struct node *n = page->node;
        char text[160];

        paper_put(&page->paper, INK_BOLD, "NODE");
        snprintf(text, sizeof text, "  %u GPU%s, driver %s, CUDA %u.%u, seed %lu", n->gpu_count, n->gpu_count == 1 ? "" : "s", n->driver,
                 n->cuda / 1000, n->cuda % 1000 / 10, (unsigned long)n->seed);
        paper_put(&page->paper, INK_PLAIN, text);
        if (n->boot > 1) {
                snprintf(text, sizeof text, ", booted %lu times", (unsigned long)n->boot);
                paper_put(&page->paper, INK_PLAIN, text);
        }
        paper_end(&page->paper);
}

static void add_mig(struct grid *g, const struct node_gpu *gpu) {
        static const char *const words[] = { "off", "on" };

        if (!gpu_has_mig(node_model(gpu)))
                grid_add(g, INK_DIM, "-");
        else if (gpu->mig_mode != gpu->mig_pending)
                grid_add(g, INK_MARK, "%s, %s after a reset", words[gpu->mig_mode], words[gpu->mig_pending]);
        else
                grid_add(g, gpu->mig_mode ? INK_GOOD : INK_PLAIN, "%s", words[gpu->mig_mode]);
}

static void add_gpu(struct grid *g, const struct page *page, unsigned index) {
        const struct node_gpu *gpu = &page->node->gpus[index];
        char uuid[MIG_UUID_MAX], used[24], total[24];
        struct mig_memory memory;
        struct reading reading;

        reading_gpu(page->node, index, page->show->now_us, &reading);
        mig_memory(page->node, index, NODE_NONE, &memory);
        mig_gpu_uuid(gpu, uuid);
        grid_add(g, INK_BOLD, "%u", index);
        grid_add(g, INK_PLAIN, "%s", gpu->product);
        add_mig(g, gpu);
        grid_add(g, INK_PLAIN, "%s / %s", gib(memory.used, used), gib(memory.total, total));
        grid_add(g, INK_PLAIN, "%u %%", reading.gpu_percent);
        grid_add(g, INK_PLAIN, "%u °C", reading.temperature_c);
        grid_add(g, INK_PLAIN, "%u / %u", reading.power_mw / 1000, gpu->power_limit_mw / 1000);
        grid_add(g, gpu->lost ? INK_BAD : INK_PLAIN, "%s%s%s", gpu->lost ? "lost, " : "", gpu->exclusive_client ? "held, " : "", uuid);
}

static void put_gpus(const struct page *page) {
        static const struct grid_head heads[] = { { "GPU", true },        { "MODEL", false }, { "MIG", false },
                                                  { "MEMORY GiB", true }, { "LOAD", true },   { "TEMP", true },
                                                  { "POWER W", true },    { "UUID", false },  { 0 } };
        struct grid g = grid_new(heads);

        paper_end(&page->paper);
        for (unsigned i = 0; i < page->node->gpu_count; i++)
                add_gpu(&g, page, i);
        grid_print(&g, &page->paper);
}

static void add_slice(struct grid *g, const struct page *page, const struct place *at) {
        const struct node_gi *gi = &page->node->gpus[at->gpu].gi[at->gi_slot];
        char name[PLACE_TEXT_MAX], uuid[MIG_UUID_MAX], used[24], total[24];
        struct mig_memory memory;

        place_print(page->node, at, name);
        mig_memory(page->node, at->gpu, at->gi_slot, &memory);
        grid_add(g, INK_BOLD, "%u", at->gpu);
        grid_add(g, INK_PLAIN, "%s", name);
        grid_add(g, INK_PLAIN, "%u", gi->id);
        if (at->ci_slot == NODE_NONE) {
                grid_add(g, INK_DIM, "-");
                grid_add(g, INK_DIM, "-");
        } else {
                grid_add(g, INK_PLAIN, "%u", gi->ci[at->ci_slot].id);
                grid_add(g, INK_PLAIN, "%u", gi->ci[at->ci_slot].mig_index);
        }
        grid_add(g, INK_PLAIN, "%s / %s", gib(memory.used, used), gib(memory.total, total));
        if (at->ci_slot == NODE_NONE) {
                grid_add(g, INK_DIM, "no compute instance");
                return;
        }
        mig_device_uuid(page->node, at->gpu, at->gi_slot, at->ci_slot, uuid);
        grid_add(g, INK_PLAIN, "%s", uuid);
}

static void put_slices(const struct page *page) {
        static const struct grid_head heads[] = { { "GPU", true }, { "SLICE", false },     { "GI", true },    { "CI", true },
                                                  { "MIG", true }, { "MEMORY GiB", true }, { "UUID", false }, { 0 } };
        struct grid g = grid_new(heads);
        struct place at;

        for (unsigned gpu = 0; gpu < page->node->gpu_count; gpu++)
                for (unsigned step = 0; place_next(page->node, gpu, &step, &at);)
                        add_slice(&g, page, &at);
        if (g.count == 0)
                return;
        paper_heading(&page->paper, "SLICES", "");
        grid_print(&g, &page->paper);
}

/* Where ids point to, if the instance still exists. */
static void slice_of_ids(const struct node *n, unsigned gpu, uint32_t gi_id, uint32_t ci_id, char text[PLACE_TEXT_MAX]) {
        struct place at;

        snprintf(text, PLACE_TEXT_MAX, "%s", gi_id == NODE_NONE || gi_id == NVML_NO_INSTANCE ? "" : "?");
        for (unsigned step = 0; place_next(n, gpu, &step, &at);) {
                const struct node_gi *gi = &n->gpus[gpu].gi[at.gi_slot];
                if (gi->id == gi_id && (ci_id >= NODE_NONE || (at.ci_slot != NODE_NONE && gi->ci[at.ci_slot].id == ci_id))) {
                        place_print(n, &at, text);
                        return;
                }
        }
}

static void put_processes(const struct page *page, bool heading) {
        static const struct grid_head heads[] = { { "PID", true }, { "GPU", true },        { "SLICE", false }, { "KIND", false },
                                                  { "SM", true },  { "MEMORY GiB", true }, { "NAME", false },  { 0 } };
        struct grid g = grid_new(heads);
        char slice[PLACE_TEXT_MAX], memory[24];

        for (uint32_t i = 0; i < page->node->process_count; i++) {
                const struct node_process *p = &page->node->processes[i];
                slice_of_ids(page->node, p->gpu, p->gi_id, p->ci_id, slice);
                grid_add(&g, INK_BOLD, "%u", p->pid);
                grid_add(&g, INK_PLAIN, "%u", p->gpu);
                grid_add(&g, INK_PLAIN, "%s", slice);
                grid_add(&g, INK_PLAIN, "%s", words_process_kinds[p->kind]);
                grid_add(&g, INK_PLAIN, "%u %%", p->sm_percent);
                grid_add(&g, INK_PLAIN, "%s", gib(p->memory_bytes, memory));
                grid_add(&g, INK_PLAIN, "%s", p->name);
        }
        if (g.count == 0)
                return;
        if (heading)
                paper_heading(&page->paper, "PROCESSES", "");
        grid_print(&g, &page->paper);
}

static void put_faults(const struct page *page) {
        static const struct grid_head heads[] = { { "GPU", true }, { "FAULT", false }, { "TIMES", true }, { "CALL", false }, { 0 } };
        struct grid g = grid_new(heads);
        char code[WORDS_CODE_MAX];

        for (uint32_t i = 0; i < page->node->fault_count; i++) {
                const struct node_fault *f = &page->node->faults[i];
                if (f->gpu == NODE_NONE)
                        grid_add(&g, INK_BOLD, "any");
                else
                        grid_add(&g, INK_BOLD, "%u", f->gpu);
                if (f->kind == FAULT_SLOW)
                        grid_add(&g, INK_BAD, "slow by %u ms", f->delay_ms);
                else if (f->kind == FAULT_FAIL)
                        grid_add(&g, INK_BAD, "fails: %s", words_code(f->code, code));
                else
                        grid_add(&g, INK_BAD, "hangs");
                if (f->times)
                        grid_add(&g, INK_PLAIN, "%u", f->times);
                else
                        grid_add(&g, INK_DIM, "always");
                grid_add(&g, INK_PLAIN, "%s", f->call[0] ? f->call : "every call");
        }
        if (g.count == 0)
                return;
        paper_heading(&page->paper, "FAULTS", "");
        grid_print(&g, &page->paper);
}

static void put_events(const struct page *page) {
        static const struct grid_head heads[] = { { "TIME", false }, { "GPU", true }, { "SLICE", false }, { "EVENT", false }, { 0 } };
        struct grid g = grid_new(heads);
        const struct node *n = page->node;
        uint64_t after = n->last_event > EVENTS_SHOWN ? n->last_event - EVENTS_SHOWN : 0;
        char time[16], slice[PLACE_TEXT_MAX];

        for (const struct node_event *v; (v = event_after(n, after)); after = v->sequence) {
                time_t seconds = (time_t)(v->time_us / 1000000);
                struct tm utc;
                gmtime_r(&seconds, &utc);
                strftime(time, sizeof time, "%TZ", &utc);
                slice_of_ids(n, v->gpu, v->gi_id, v->ci_id, slice);
                grid_add(&g, INK_DIM, "%s", time);
                grid_add(&g, INK_BOLD, "%u", v->gpu);
                grid_add(&g, INK_PLAIN, "%s", slice);
                if (v->type == nvmlEventTypeXidCriticalError)
                        grid_add(&g, INK_BAD, "%s %lu", words_event(v->type), (unsigned long)v->data);
                else
                        grid_add(&g, INK_PLAIN, "%s", words_event(v->type));
        }
        if (g.count == 0)
                return;
        paper_heading(&page->paper, "EVENTS", n->last_event > EVENTS_SHOWN ? "the last ten" : "");
        grid_print(&g, &page->paper);
}

static void text_all(const struct show *s, bool color, unsigned columns, struct buf *out) {
        const struct page page = { .show = s, .node = s->node, .paper = paper_new(color, columns, out) };

        put_node(&page);
        put_gpus(&page);
        put_slices(&page);
        put_processes(&page, true);
        put_faults(&page);
        put_events(&page);
}

static void text_processes(const struct show *s, bool color, unsigned columns, struct buf *out) {
        const struct page page = { .show = s, .node = s->node, .paper = paper_new(color, columns, out) };

        put_processes(&page, false);
}

const struct show_subject show_all = { text_all, show_document };
const struct show_subject show_processes = { text_processes, show_document_processes };
