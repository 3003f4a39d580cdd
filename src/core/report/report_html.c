/* The HTML report: one file that opens from disk. A content security policy lets nothing run or load but the style and the script that
 * were built in, so that not even a mistake in escaping could. */
#include "base/mem.h"
#include "core/report/html.h"
#include "core/report/report.h"
#include "core/report/words.h"

#define TEXT_MAX 4096

static void head(const struct html *h) {
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        buf_printf(h->out,
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; "
                   "base-uri 'none'; form-action 'none'\">\n",
                   html_style_hash, html_script_hash);
        buf_adds(h->out,
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"carve " CARVE_VERSION "\">\n"
                 "<title>carve plan: ");
        words_dollars(&t, h->plan->plan_usd_per_hour);
        buf_adds(&t, " an hour");
        html_take(h->out, &t);
        buf_printf(h->out, "</title>\n<style>%s</style>\n</head>\n", html_style);
}

static void banner(const struct html *h) {
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n<div class=\"brand\">"
                         "<svg aria-hidden=\"true\" width=\"34\" height=\"22\"><rect class=\"b1\" width=\"12\" height=\"22\"/>"
                         "<rect class=\"b2\" x=\"14\" width=\"8\" height=\"22\"/><rect class=\"b3\" x=\"24\" width=\"4\" height=\"22\"/>"
                         "<rect class=\"b4\" x=\"30\" width=\"4\" height=\"22\"/></svg><b>carve</b> plan</div>\n<p>");
        words_counted(&t, h->plan->workload_count, h->plan->demand->is_trace ? "request shape" : "workload");
        buf_adds(&t, ", ");
        words_counted(&t, h->view->pods, "GPU pod");
        buf_adds(&t, ", ");
        words_place(&t, h->plan);
        html_take(h->out, &t);
        buf_adds(h->out, "</p>\n<button id=\"theme\" type=\"button\" hidden>Dark</button>\n</header>\n");
}

static void fact(const struct html *h, uint64_t value, const char *label, const char *class) {
        struct buf t = BUF(TEXT_MAX);

        words_count(&t, value);
        buf_printf(h->out, "<div class=\"%s\"><dd>", class);
        html_take(h->out, &t);
        buf_printf(h->out, "</dd><dt>%s</dt></div>", label);
}

static void hero(const struct html *h) {
        const struct plan *p = h->plan;
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<main id=\"main\">\n<section class=\"hero\" aria-labelledby=\"headline\">\n<h1 id=\"headline\">");
        if (p->today_usd_per_hour > 0) {
                buf_adds(h->out, "<span class=\"was\"><small>Today</small>");
                words_dollars(&t, p->today_usd_per_hour);
                html_take(h->out, &t);
                buf_adds(h->out, "<i>/h</i></span> <span class=\"arrow\" aria-label=\"becomes\" role=\"img\">→</span> ");
        }
        buf_adds(h->out, "<span class=\"now\"><small>Planned</small>");
        words_dollars(&t, p->plan_usd_per_hour);
        html_take(h->out, &t);
        buf_adds(h->out, "<i>/h</i></span></h1>\n<p class=\"saving\">");
        words_saving(&t, p);
        html_take(h->out, &t);
        buf_adds(h->out, "</p>\n<p class=\"proof\">");
        words_proof(&t, p);
        html_take(h->out, &t);
        buf_adds(h->out, "</p>\n<dl class=\"facts\">");
        fact(h, h->view->nodes, h->view->nodes == 1 ? "node" : "nodes", "");
        fact(h, h->view->gpus, h->view->gpus == 1 ? "GPU" : "GPUs", "");
        fact(h, p->pools, p->pools == 1 ? "kind of node" : "kinds of node", "");
        fact(h, h->view->pods - h->view->unplaced, "pods placed", "");
        fact(h, h->view->unplaced, "not placed", h->view->unplaced ? "bad" : "");
        buf_adds(h->out, "</dl>\n</section>\n");
}

static void contents(const struct html *h) {
        const struct plan *p = h->plan;
        const struct {
                const char *id, *title;
                bool shown;
        } parts[] = {
                { "cost", "Cost", p->node_count > 0 },
                { "buy", "Buy", p->node_count > 0 },
                { "nodes", "Nodes", p->node_count > 0 },
                { "workloads", "Workloads", true },
                { "unplaced", "Not placed", h->view->unplaced > 0 },
                { "next", "Next", true },
                { "how", "How", true },
        };

        buf_adds(h->out, "<nav aria-label=\"Sections\"><ul>");
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (parts[i].shown)
                        buf_printf(h->out, "<li><a href=\"#%s\">%s</a></li>", parts[i].id, parts[i].title);
        buf_adds(h->out, "</ul></nav>\n");
}

static void unplaced(const struct html *h) {
        if (!h->view->unplaced)
                return;
        html_open(h, "unplaced", "What fits nowhere");
        buf_adds(h->out, "<p>These pods are not in the price above.</p>\n<ul class=\"lines bad\">");
        for (size_t i = 0; i < h->plan->workload_count; i++) {
                const struct plan_workload *w = &h->plan->workloads[i];
                if (!w->unplaced)
                        continue;
                buf_adds(h->out, "<li><b>");
                html_text(h->out, h->view->names[i]);
                buf_printf(h->out, "</b> ×%u: ", w->unplaced);
                html_text(h->out, w->unplaced_reason);
                buf_adds(h->out, "</li>\n");
        }
        buf_adds(h->out, "</ul>\n");
        html_close(h);
}

static void limits(const struct html *h) {
        struct buf t = BUF(TEXT_MAX);

        if (!h->plan->limit_count)
                return;
        html_open(h, "limits", "What your limits cost");
        buf_adds(h->out, "<ul class=\"lines\">");
        for (size_t i = 0; i < h->plan->limit_count; i++) {
                buf_adds(h->out, "<li>");
                html_text(h->out, h->plan->limits[i].text);
                buf_adds(h->out, " <b>+");
                words_percent(&t, h->plan->limits[i].premium_percent);
                html_take(h->out, &t);
                buf_adds(h->out, "</b></li>\n");
        }
        buf_adds(h->out, "</ul>\n");
        html_close(h);
}

static void notes(const struct html *h) {
        if (!h->plan->note_count)
                return;
        html_open(h, "notes", "Notes");
        buf_adds(h->out, "<ul class=\"lines\">");
        for (size_t i = 0; i < h->plan->note_count; i++) {
                buf_adds(h->out, "<li>");
                html_text(h->out, h->plan->notes[i]);
                buf_adds(h->out, "</li>\n");
        }
        buf_adds(h->out, "</ul>\n");
        html_close(h);
}

static void next(const struct html *h) {
        struct words_step steps[WORDS_STEPS_MAX];
        size_t count = words_steps(h->view, steps);

        html_open(h, "next", "What to do next");
        buf_adds(h->out, "<ol class=\"steps\">");
        for (size_t i = 0; i < count; i++) {
                buf_adds(h->out, "<li>");
                html_text(h->out, steps[i].text);
                buf_adds(h->out, "<code>");
                html_text(h->out, steps[i].command);
                buf_adds(h->out, "</code></li>\n");
        }
        buf_adds(h->out,
                 "<li>Keep the whole plan as data, to compare with the next one.<code>carve plan … -o json &gt; plan.json</code></li>"
                 "</ol>\n");
        html_close(h);
}

static void how(const struct html *h) {
        const struct plan *p = h->plan;
        struct buf t = BUF(TEXT_MAX);

        html_open(h, "how", "How it was computed");
        buf_adds(h->out,
                 "<p>Each workload is sized from what was measured, or else from what it asks for, and given the modes it can live "
                 "with. Then one optimisation chooses instance types, the cut of every GPU and the place of every pod together, within "
                 "the CPU, memory, pods and GPUs that a node really has to give.</p>\n<p>");
        if (p->exact_engine)
                buf_adds(h->out,
                         "It is solved by column generation (Gilmore and Gomory): a linear program over node contents, new contents "
                         "made where they would lower the price, whole nodes at the end. The bound comes from the linear program's "
                         "prices (Farley), so it holds for every plan there could be, found or not. ");
        else
                buf_adds(h->out, "The best of several greedy packings was taken. ");
        words_solver(&t, p);
        html_take(h->out, &t);
        buf_adds(h->out, "</p>\n<p>Prices: ");
        html_text(h->out, p->price_source && *p->price_source ? p->price_source : "not stated");
        if (p->price_date && *p->price_date) {
                buf_adds(h->out, ", ");
                html_text(h->out, p->price_date);
        }
        buf_printf(h->out, ". A year is %d hours. What a workload costs is its share of the nodes it runs on.</p>\n", HOURS_PER_YEAR);
        html_close(h);
}

void report_html(const struct plan *p, struct buf *out) {
        static void (*const parts[])(const struct html *) = {
                head,           banner,   hero,   contents, html_costs,    html_purchases, html_nodes,
                html_workloads, unplaced, limits, notes,    html_progress, next,           how,
        };
        struct view view;

        view_make(p, &view);
        struct html h = { .out = out, .view = &view, .plan = p };
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                parts[i](&h);
        buf_printf(out, "</main>\n<footer>carve " CARVE_VERSION "</footer>\n<script>%s</script>\n</body>\n</html>\n", html_script);
        view_done(&view);
}
