/* The plan for a terminal: what matters first, at most two lines for a thing, sums before parts. */
#include <string.h>

#include "base/mem.h"
#include "base/paper.h"
#include "base/utf8.h"
#include "core/report/report.h"
#include "core/report/view.h"
#include "core/report/words.h"

#define WORKLOADS_SHOWN 10
#define GROUPS_SHOWN 12 /* a plan with more groups is told by instance type */
#define UNPLACED_SHOWN 10
#define LINE_BYTES_MAX 4096

struct page {
        struct paper paper;
        const struct view *view;
        const struct plan *plan;
        bool verbose;
};

/* --- headline --------------------------------------------------------------------------------------------------------------------- */

static void about(const struct page *page) {
        struct buf line = BUF(LINE_BYTES_MAX);

        words_counted(&line, page->plan->workload_count, page->plan->demand->is_trace ? "request shape" : "workload");
        buf_adds(&line, ", ");
        words_counted(&line, page->view->pods, "GPU pod");
        buf_adds(&line, " · ");
        words_place(&line, page->plan);
        paper_put(&page->paper, INK_BOLD, "carve plan");
        paper_wrap(&page->paper, INK_DIM, buf_text(&line), 12, 10);
        buf_done(&line);
}

static void headline(const struct page *page) {
        const struct plan *p = page->plan;
        struct buf today = BUF(100), plan = BUF(100), saving = BUF(200), proof = BUF(LINE_BYTES_MAX);

        paper_end(&page->paper);
        paper_space(&page->paper, 2);
        if (p->today_usd_per_hour > 0) {
                words_dollars(&today, p->today_usd_per_hour);
                buf_adds(&today, "/h");
                paper_put(&page->paper, INK_PLAIN, buf_text(&today));
                paper_put(&page->paper, INK_DIM, " → ");
        }
        words_dollars(&plan, p->plan_usd_per_hour);
        buf_adds(&plan, "/h");
        paper_put(&page->paper, INK_BOLD, buf_text(&plan));
        words_saving(&saving, p);
        paper_space(&page->paper, 4);
        paper_put(&page->paper, p->saving_percent >= 0 ? INK_GOOD : INK_BAD, buf_text(&saving));
        paper_end(&page->paper);
        words_proof(&proof, p);
        paper_wrap(&page->paper, INK_PLAIN, buf_text(&proof), 2, 0);

        buf_done(&today), buf_done(&plan), buf_done(&saving), buf_done(&proof);
}

/* --- cost bars -------------------------------------------------------------------------------------------------------------------- */

struct bars {
        unsigned title_columns;
        double most_usd;
};

static void bar(const struct page *page, const struct bars *bars, const char *title, double usd, enum ink ink) {
        const unsigned money_columns = 10, bar_columns = page->paper.columns - bars->title_columns - money_columns - 4;
        struct buf money = BUF(100);

        words_dollars(&money, usd);
        paper_space(&page->paper, 2);
        paper_left(&page->paper, ink == INK_GOOD ? INK_BOLD : INK_PLAIN, title, bars->title_columns);
        paper_space(&page->paper, 1);
        paper_bar(&page->paper, ink, bars->most_usd > 0 ? usd / bars->most_usd : 0, bar_columns);
        paper_right(&page->paper, ink == INK_GOOD ? INK_BOLD : INK_PLAIN, buf_text(&money), money_columns + 1);
        paper_end(&page->paper);
        buf_done(&money);
}

#define BOUND_TITLE "Bound: nothing can cost less"

static struct bars scale_of(const struct page *page) {
        const struct plan *p = page->plan;
        struct bars bars = { .title_columns = sizeof BOUND_TITLE - 1, .most_usd = MAX(p->today_usd_per_hour, p->plan_usd_per_hour) };

        for (size_t i = 0; i < p->baseline_count; i++) {
                bars.most_usd = MAX(bars.most_usd, p->baselines[i].usd_per_hour);
                bars.title_columns = MAX(bars.title_columns, (unsigned)MIN(utf8_columns(p->baselines[i].title), page->paper.columns / 2));
        }
        return bars;
}

static void costs(const struct page *page) {
        const struct plan *p = page->plan;
        struct bars bars = scale_of(page);

        if (!p->node_count)
                return;
        paper_heading(&page->paper, "COST PER HOUR", "");
        if (p->today_usd_per_hour > 0)
                bar(page, &bars, "Today", p->today_usd_per_hour, INK_PLAIN);
        for (size_t i = 0; i < p->baseline_count; i++)
                bar(page, &bars, p->baselines[i].title, p->baselines[i].usd_per_hour, INK_DIM);
        bar(page, &bars, "This plan", p->plan_usd_per_hour, INK_GOOD);
        if (p->bound_usd_per_hour > 0)
                bar(page, &bars, BOUND_TITLE, p->bound_usd_per_hour, INK_DIM);
        if (p->today_usd_per_hour > 0 && p->today_is && *p->today_is) {
                struct buf today = BUF(LINE_BYTES_MAX);
                buf_printf(&today, "Today: %s", p->today_is);
                paper_wrap(&page->paper, INK_DIM, buf_text(&today), 2, 0);
                buf_done(&today);
        }
}

/* --- what to buy ------------------------------------------------------------------------------------------------------------------ */

static void buy_line(const struct page *page, enum ink ink, uint64_t nodes, const char *type, const char *gpus, double each_usd,
                     double usd) {
        struct buf n = BUF(100), each = BUF(100), all = BUF(100);

        words_count(&n, nodes);
        words_dollars(&each, each_usd);
        words_dollars(&all, usd);
        paper_right(&page->paper, ink, buf_text(&n), 8);
        paper_space(&page->paper, 2);
        paper_left(&page->paper, ink, type, 24);
        paper_left(&page->paper, ink, gpus, page->paper.columns - 58);
        paper_right(&page->paper, ink, buf_text(&each), 11);
        paper_right(&page->paper, ink, buf_text(&all), 13);
        paper_end(&page->paper);
        buf_done(&n), buf_done(&each), buf_done(&all);
}

static void buy_head(const struct page *page) {
        paper_right(&page->paper, INK_DIM, "nodes", 8);
        paper_space(&page->paper, 2);
        paper_left(&page->paper, INK_DIM, "instance type", 24);
        paper_left(&page->paper, INK_DIM, "GPUs", page->paper.columns - 58);
        paper_right(&page->paper, INK_DIM, "each/h", 11);
        paper_right(&page->paper, INK_DIM, "all/h", 13);
        paper_end(&page->paper);
}

static void buy_type(const struct page *page, const struct view_purchase *b) {
        struct buf type = BUF(200), gpus = BUF(200), holds = BUF(LINE_BYTES_MAX);

        words_type(&type, b->type, b->capacity);
        words_type_gpus(&gpus, b->type);
        buy_line(page, INK_PLAIN, b->nodes, buf_text(&type), buf_text(&gpus), b->usd_per_hour / (double)b->nodes, b->usd_per_hour);
        words_cut(&holds, b);
        buf_adds(&holds, "; ");
        words_counted(&holds, b->pods, "pod");
        buf_adds(&holds, " in ");
        words_counted(&holds, b->groups, "arrangement");
        paper_wrap(&page->paper, INK_DIM, buf_text(&holds), 10, 0);
        buf_done(&type), buf_done(&gpus), buf_done(&holds);
}

/* "2 × 1g.10gb, 3g.40gb": what stands on a GPU, equal neighbours counted. */
static void add_profiles(struct buf *b, const struct plan_gpu *gpu) {
        for (uint32_t i = 0, last; i < gpu->slice_count; i = last + 1) {
                for (last = i; last + 1 < gpu->slice_count && !strcmp(gpu->slices[last + 1].profile, gpu->slices[i].profile);)
                        last++;
                buf_adds(b, i ? ", " : ": ");
                if (last > i)
                        buf_printf(b, "%u × ", last - i + 1);
                buf_adds(b, gpu->slices[i].profile);
        }
}

/* "GPU 0-3  MIG: 2 × 1g.10gb, 3g.40gb" for a run of GPUs cut alike. */
static void gpu_run(const struct page *page, const struct plan_node *n, uint32_t first, uint32_t last) {
        struct buf which = BUF(100), cut = BUF(LINE_BYTES_MAX);
        const struct plan_gpu *gpu = &n->gpus[first];

        buf_printf(&which, "GPU %u", first);
        if (last > first)
                buf_printf(&which, "-%u", last);
        buf_adds(&cut, gpu->slice_count ? words_mode(gpu->mode) : "empty");
        if (gpu->mode != GPU_WHOLE)
                add_profiles(&cut, gpu);
        paper_space(&page->paper, 10);
        paper_left(&page->paper, INK_MARK, buf_text(&which), 9);
        paper_wrap(&page->paper, INK_PLAIN, buf_text(&cut), 19, 19);
        buf_done(&which), buf_done(&cut);
}

static void buy_group(const struct page *page, const struct plan_node *n) {
        struct buf type = BUF(200), gpus = BUF(200), runs = BUF(1 << 16);

        words_type(&type, n->type, n->capacity);
        words_type_gpus(&gpus, n->type);
        buy_line(page, INK_PLAIN, n->count, buf_text(&type), buf_text(&gpus), n->usd_per_hour, n->usd_per_hour * n->count);
        for (uint32_t g = 0; g < n->gpu_count;) {
                uint32_t last = g;
                while (last + 1 < n->gpu_count && view_same_gpu(&n->gpus[g], &n->gpus[last + 1]))
                        last++;
                gpu_run(page, n, g, last);
                g = last + 1;
        }
        for (uint32_t i = 0; i < n->pod_count; i++)
                buf_printf(&runs, "%s%s ×%u", i ? ", " : "runs ", page->view->names[n->pods[i].workload], n->pods[i].count);
        paper_wrap(&page->paper, INK_DIM, buf_text(&runs), 10, 0);
        buf_done(&type), buf_done(&gpus), buf_done(&runs);
}

static void buy(const struct page *page) {
        const struct view *v = page->view;
        bool by_group = page->verbose || page->plan->node_count <= GROUPS_SHOWN;
        struct buf sum = BUF(LINE_BYTES_MAX);

        words_counted(&sum, v->nodes, "node");
        buf_adds(&sum, ", ");
        words_counted(&sum, v->gpus, "GPU");
        buf_adds(&sum, ", ");
        words_counted(&sum, page->plan->pools, "kind");
        buf_adds(&sum, " of node (instance type and cut)");
        paper_heading(&page->paper, "WHAT TO BUY", buf_text(&sum));
        if (page->plan->node_count)
                buy_head(page);
        else
                paper_wrap(&page->paper, INK_PLAIN, "Nothing: no pod could be placed.", 2, 0);
        for (size_t i = 0; by_group && i < page->plan->node_count; i++)
                buy_group(page, &page->plan->nodes[i]);
        for (size_t i = 0; !by_group && i < v->purchase_count; i++)
                buy_type(page, &v->purchases[i]);
        buf_done(&sum);
}

/* --- workloads -------------------------------------------------------------------------------------------------------------------- */

static void workload(const struct page *page, size_t index) {
        const struct plan_workload *w = &page->plan->workloads[index];
        const unsigned money_columns = 21, name_columns = page->paper.columns - money_columns - 2;
        struct buf name = BUF(LINE_BYTES_MAX), choice = BUF(LINE_BYTES_MAX), money = BUF(200);

        buf_adds(&name, page->view->names[index]);
        if (w->demand->replicas != 1) {
                buf_adds(&name, " ×");
                words_count(&name, w->demand->replicas);
        }
        words_asks(&choice, w->demand);
        buf_adds(&choice, " → ");
        words_gets(&choice, w);
        if (*w->reason)
                buf_adds(&choice, ":");
        words_dollars(&money, w->today_usd_per_hour);
        buf_adds(&money, " → ");
        words_dollars(&money, w->plan_usd_per_hour);

        paper_space(&page->paper, 2);
        paper_left(&page->paper, INK_MARK, buf_text(&name), name_columns);
        paper_right(&page->paper, INK_PLAIN, buf_text(&money), money_columns);
        paper_end(&page->paper);
        struct paragraph why = paper_paragraph(&page->paper, 4, 0);
        paper_words(&why, INK_PLAIN, buf_text(&choice));
        paper_words(&why, INK_DIM, w->reason);
        paper_end(&page->paper);
        if (page->verbose && *w->risk) {
                paper_space(&page->paper, 4);
                paper_put(&page->paper, INK_BAD, "risk: ");
                paper_wrap(&page->paper, INK_DIM, w->risk, 10, 10);
        }
        buf_done(&name), buf_done(&choice), buf_done(&money);
}

static void workloads(const struct page *page) {
        size_t count = page->plan->workload_count, shown = page->verbose ? count : MIN(count, WORKLOADS_SHOWN);
        struct buf title = BUF(200);

        if (shown < count)
                buf_printf(&title, "the %zu dearest of %zu (-v shows all); $/h today → planned", shown, count);
        else
                buf_adds(&title, "dearest first; $/h today → planned");
        paper_heading(&page->paper, "WORKLOADS", buf_text(&title));
        for (size_t i = 0; i < shown; i++)
                workload(page, page->view->by_money[i]);
        buf_done(&title);
}

/* --- the rest --------------------------------------------------------------------------------------------------------------------- */

static void bullet(const struct page *page, enum ink ink, const char *mark, const char *text) {
        paper_space(&page->paper, 2);
        paper_left(&page->paper, ink, mark, 2);
        paper_wrap(&page->paper, INK_PLAIN, text, 4, 4);
}

static void unplaced(const struct page *page) {
        size_t shown = 0, left = 0;
        struct buf line = BUF(LINE_BYTES_MAX);

        if (!page->view->unplaced)
                return;
        words_counted(&line, page->view->unplaced, "pod");
        buf_adds(&line, " that no instance can hold; not in the price above");
        paper_heading(&page->paper, "NOT PLACED", buf_text(&line));
        buf_done(&line);
        for (size_t i = 0; i < page->plan->workload_count; i++) {
                const struct plan_workload *w = &page->plan->workloads[i];
                if (!w->unplaced)
                        continue;
                if (!page->verbose && shown == UNPLACED_SHOWN) {
                        left++;
                        continue;
                }
                shown++;
                struct buf text = BUF(LINE_BYTES_MAX);
                buf_printf(&text, "%s ×%u: %s", page->view->names[i], w->unplaced, w->unplaced_reason);
                bullet(page, INK_BAD, "!", buf_text(&text));
                buf_done(&text);
        }
        if (left) {
                struct buf text = BUF(200);
                buf_printf(&text, "and %zu more (-v shows all)", left);
                paper_wrap(&page->paper, INK_DIM, buf_text(&text), 4, 0);
                buf_done(&text);
        }
}

static void limits(const struct page *page) {
        if (!page->plan->limit_count)
                return;
        paper_heading(&page->paper, "WHAT YOUR LIMITS COST", "");
        for (size_t i = 0; i < page->plan->limit_count; i++) {
                struct buf text = BUF(LINE_BYTES_MAX);
                buf_adds(&text, page->plan->limits[i].text);
                buf_adds(&text, " (+");
                words_percent(&text, page->plan->limits[i].premium_percent);
                buf_adds(&text, ")");
                bullet(page, INK_DIM, "·", buf_text(&text));
                buf_done(&text);
        }
}

static void notes(const struct page *page) {
        if (page->plan->note_count)
                paper_heading(&page->paper, "NOTES", "");
        for (size_t i = 0; i < page->plan->note_count; i++)
                bullet(page, INK_DIM, "·", page->plan->notes[i]);
}

static void next(const struct page *page) {
        struct words_step steps[WORDS_STEPS_MAX];
        size_t count = words_steps(page->view, steps);

        paper_heading(&page->paper, "NEXT", "");
        bullet(page, INK_GOOD, "→", "Look at every node and every workload, in a browser.");
        paper_space(&page->paper, 6);
        paper_put(&page->paper, INK_MARK, "carve plan … -o html > plan.html");
        paper_end(&page->paper);
        for (size_t i = 0; i < count; i++) {
                bullet(page, INK_GOOD, "→", steps[i].text);
                paper_space(&page->paper, 6);
                paper_put(&page->paper, INK_MARK, steps[i].command);
                paper_end(&page->paper);
        }
}

static void footer(const struct page *page) {
        const struct plan *p = page->plan;
        struct buf line = BUF(LINE_BYTES_MAX);

        words_solver(&line, p);
        if (p->price_source && *p->price_source)
                buf_printf(&line, " Prices: %s%s%s.", p->price_source, p->price_date && *p->price_date ? ", " : "",
                           p->price_date ? p->price_date : "");
        paper_end(&page->paper);
        paper_wrap(&page->paper, INK_DIM, buf_text(&line), 0, 0);
        buf_done(&line);
}

void report_text(const struct plan *p, const struct report_style *style, struct buf *out) {
        static void (*const sections[])(const struct page *) = {
                about, headline, costs, buy, workloads, unplaced, limits, notes, next, footer,
        };
        struct view view;

        view_make(p, &view);
        struct page page = { .paper = paper_new(style->color, style->columns, out), .view = &view, .plan = p, .verbose = style->verbose };
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                sections[i](&page);
        view_done(&view);
}
