/* The two tables: what to buy, and what each workload gets. */
#include "base/mem.h"
#include "core/report/html.h"
#include "core/report/words.h"

#define ROWS_MAX 2000 /* a browser sorts and filters so many at once; the JSON has all */
#define TEXT_MAX 4096

/* --- purchases -------------------------------------------------------------------------------------------------------------------- */

/* A cell of a number: `label` names it where the table is stacked, `class` is more of its style ("" or " good"). */
static void number(const struct html *h, const char *label, const char *class, double value, struct buf *text) {
        buf_printf(h->out, "<td class=\"n%s\" data-l=\"%s\" data-v=\"%.9g\">", class, label, value);
        html_take(h->out, text);
        buf_adds(h->out, "</td>");
}

static void purchase(const struct html *h, const struct view_purchase *b) {
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<tr><th scope=\"row\">");
        words_type(&t, b->type, b->capacity);
        html_take(h->out, &t);
        buf_adds(h->out, "</th>");
        words_count(&t, b->nodes);
        number(h, "Nodes", "", (double)b->nodes, &t);
        buf_adds(h->out, "<td data-l=\"GPUs each\">");
        words_type_gpus(&t, b->type);
        html_take(h->out, &t);
        buf_adds(h->out, "</td><td data-l=\"Use\">");
        words_cut(&t, b);
        html_take(h->out, &t);
        buf_adds(h->out, "</td>");
        words_count(&t, b->pods);
        number(h, "Pods", "", (double)b->pods, &t);
        words_dollars(&t, b->usd_per_hour / (double)b->nodes);
        number(h, "Each/h", "", b->usd_per_hour / (double)b->nodes, &t);
        words_dollars(&t, b->usd_per_hour);
        number(h, "All/h", " strong", b->usd_per_hour, &t);
        buf_adds(h->out, "</tr>\n");
}

void html_purchases(const struct html *h) {
        const struct view *v = h->view;
        struct buf t = BUF(TEXT_MAX);

        if (!v->purchase_count)
                return;
        html_open(h, "buy", "What to buy");
        buf_adds(h->out,
                 "<div class=\"scroll\" role=\"group\" aria-labelledby=\"buy-title\" tabindex=\"0\"><table class=\"grid stack buy\">"
                 "<thead><tr><th scope=\"col\">Instance type</th><th scope=\"col\" class=\"n\">Nodes</th>"
                 "<th scope=\"col\">GPUs each</th><th scope=\"col\">How their GPUs are used</th><th scope=\"col\" class=\"n\">Pods</th>"
                 "<th scope=\"col\" class=\"n\">Each/h</th><th scope=\"col\" class=\"n\">All/h</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < v->purchase_count; i++)
                purchase(h, &v->purchases[i]);
        buf_adds(h->out, "</tbody><tfoot><tr><th scope=\"row\">Together</th>");
        words_count(&t, v->nodes);
        number(h, "Nodes", "", (double)v->nodes, &t);
        buf_adds(h->out, "<td colspan=\"2\">");
        words_counted(&t, v->gpus, "GPU");
        buf_adds(&t, ", ");
        words_counted(&t, h->plan->pools, "kind");
        buf_adds(&t, " of node (instance type and cut)");
        html_take(h->out, &t);
        buf_adds(h->out, "</td>");
        words_count(&t, v->pods - v->unplaced);
        number(h, "Pods", "", (double)(v->pods - v->unplaced), &t);
        buf_adds(h->out, "<td></td>");
        words_dollars(&t, h->plan->plan_usd_per_hour);
        number(h, "All/h", " strong", h->plan->plan_usd_per_hour, &t);
        buf_adds(h->out, "</tr></tfoot></table></div>\n");
        html_close(h);
}

/* --- workloads -------------------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *title, *class;
        const char *sort; /* "t" by text, "n" by number, "" not */
} columns[] = {
        { "Workload", "", "t" }, { "Pods", "n", "n" },   { "Asks", "", "t" },     { "Gets", "", "t" },
        { "Today/h", "n", "n" }, { "Plan/h", "n", "n" }, { "Saves/h", "n", "n" }, { "Why, and what it risks", "", "" },
};

/* Without the script the buttons do nothing, so they are plain headings until it runs. */
static void head(const struct html *h) {
        buf_adds(h->out, "<thead><tr>");
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
                buf_printf(h->out, "<th scope=\"col\" class=\"%s\" data-sort=\"%s\">%s</th>", columns[i].class, columns[i].sort,
                           columns[i].title);
        buf_adds(h->out, "</tr></thead><tbody>\n");
}

static void why(const struct html *h, const struct plan_workload *w) {
        buf_adds(h->out, "<td class=\"why\">");
        html_text(h->out, w->reason);
        if (*w->risk) {
                buf_adds(h->out, "<p class=\"risk\"><b>Risk:</b> ");
                html_text(h->out, w->risk);
                buf_adds(h->out, "</p>");
        }
        if (w->unplaced) {
                buf_printf(h->out, "<p class=\"risk\"><b>%u not placed:</b> ", w->unplaced);
                html_text(h->out, w->unplaced_reason);
                buf_adds(h->out, "</p>");
        }
        if (w->demand->note && *w->demand->note) {
                buf_adds(h->out, "<p>");
                html_text(h->out, w->demand->note);
                buf_adds(h->out, "</p>");
        }
        buf_adds(h->out, "</td>");
}

static void row(const struct html *h, uint32_t index) {
        const struct plan_workload *w = &h->plan->workloads[index];
        double saved = w->today_usd_per_hour - w->plan_usd_per_hour;
        struct buf t = BUF(TEXT_MAX);

        buf_adds(h->out, "<tr><th scope=\"row\">");
        html_name(h->out, h->view->names[index]);
        buf_adds(h->out, "<small>");
        html_text(h->out, w->demand->kind);
        buf_adds(h->out, "</small></th>");
        words_count(&t, w->demand->replicas);
        number(h, "Pods", "", w->demand->replicas, &t);
        buf_adds(h->out, "<td data-l=\"Asks\">");
        words_asks(&t, w->demand);
        html_take(h->out, &t);
        buf_adds(h->out, "</td><td data-l=\"Gets\">");
        words_gets(&t, w);
        html_take(h->out, &t);
        buf_adds(h->out, "</td>");
        words_dollars(&t, w->today_usd_per_hour);
        number(h, "Today/h", "", w->today_usd_per_hour, &t);
        words_dollars(&t, w->plan_usd_per_hour);
        number(h, "Plan/h", "", w->plan_usd_per_hour, &t);
        words_dollars(&t, saved);
        number(h, "Saves/h", saved >= 0.005 ? " good" : "", saved, &t);
        why(h, w);
        buf_adds(h->out, "</tr>\n");
}

void html_workloads(const struct html *h) {
        size_t count = h->plan->workload_count, shown = MIN(count, ROWS_MAX);
        struct buf t = BUF(TEXT_MAX);

        html_open(h, "workloads", "What each workload gets");
        if (shown < count) {
                buf_adds(h->out, "<p>The ");
                words_count(&t, shown);
                buf_adds(&t, " dearest of ");
                words_count(&t, count);
                buf_adds(&t, " workloads. The JSON report (-o json) has all of them.");
                html_take(h->out, &t);
                buf_adds(h->out, "</p>\n");
        }
        buf_adds(h->out, "<p class=\"tools\" hidden><label for=\"filter\">Filter</label> <input id=\"filter\" type=\"search\" "
                         "placeholder=\"name, GPU, mode, reason…\" autocomplete=\"off\" spellcheck=\"false\"> "
                         "<output id=\"shown\" for=\"filter\"></output></p>\n"
                         "<div class=\"scroll\" role=\"group\" aria-labelledby=\"workloads-title\" tabindex=\"0\">"
                         "<table class=\"grid stack\" id=\"workload-table\">");
        head(h);
        for (size_t i = 0; i < shown; i++)
                row(h, h->view->by_money[i]);
        buf_adds(h->out, "</tbody></table></div>\n");
        html_close(h);
}
