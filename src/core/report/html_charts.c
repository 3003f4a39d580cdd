/* The two charts: what each way costs, and how the search closed in. */
#include <math.h>

#include "base/mem.h"
#include "core/report/html.h"
#include "core/report/words.h"

#define TEXT_MAX 4096

/* --- costs ------------------------------------------------------------------------------------------------------------------------ */

struct bar {
        const char *class, *title, *how;
        double usd;
        bool bound;
};

/* What stands behind the money: how much dearer than the plan, or for the bound the gap, as it is said everywhere else. */
static void compare(const struct html *h, const struct bar *bar) {
        double plan = h->plan->plan_usd_per_hour, more = plan > 0 ? 100 * (bar->usd / plan - 1) : 0;
        struct buf t = BUF(TEXT_MAX);

        if (bar->bound) {
                buf_adds(&t, "gap ");
                words_percent(&t, h->plan->gap_percent);
        } else if (fabs(more) >= 0.005) {
                buf_adds(&t, more > 0 ? "+" : "−");
                words_percent(&t, fabs(more));
        }
        html_take(h->out, &t);
}

static void bar_row(const struct html *h, const struct bar *bar, double most) {
        struct buf t = BUF(TEXT_MAX);

        buf_printf(h->out, "<tr class=\"%s\"><th scope=\"row\">", bar->class);
        html_text(h->out, bar->title);
        if (bar->how && *bar->how) {
                buf_adds(h->out, "<small>");
                html_text(h->out, bar->how);
                buf_adds(h->out, "</small>");
        }
        buf_printf(h->out,
                   "</th><td class=\"track\"><svg aria-hidden=\"true\" width=\"100%%\" height=\"20\">"
                   "<rect width=\"%.2f%%\" height=\"20\" rx=\"2\"/></svg></td><td class=\"n\">",
                   most > 0 ? 100 * bar->usd / most : 0);
        words_dollars(&t, bar->usd);
        html_take(h->out, &t);
        buf_adds(h->out, "</td><td class=\"n dim\">");
        compare(h, bar);
        buf_adds(h->out, "</td></tr>\n");
}

void html_costs(const struct html *h) {
        const struct plan *p = h->plan;
        double most = MAX(MAX(p->today_usd_per_hour, p->plan_usd_per_hour), p->bound_usd_per_hour);

        if (!p->node_count)
                return;
        for (size_t i = 0; i < p->baseline_count; i++)
                most = MAX(most, p->baselines[i].usd_per_hour);
        html_open(h, "cost", "What an hour costs");
        buf_adds(h->out, "<table class=\"bars\"><thead class=\"sr\"><tr><th scope=\"col\">Way</th><td></td><th scope=\"col\">Per hour</th>"
                         "<th scope=\"col\">Against this plan</th></tr></thead><tbody>\n");
        if (p->today_usd_per_hour > 0)
                bar_row(h, &(struct bar){ "today", "Today", p->today_is, p->today_usd_per_hour, false }, most);
        for (size_t i = 0; i < p->baseline_count; i++)
                bar_row(h, &(struct bar){ "base", p->baselines[i].title, p->baselines[i].how, p->baselines[i].usd_per_hour, false }, most);
        bar_row(h, &(struct bar){ "plan", "This plan", NULL, p->plan_usd_per_hour, false }, most);
        if (p->bound_usd_per_hour > 0)
                bar_row(h, &(struct bar){ "bound", "Bound", "No plan for this demand can cost less.", p->bound_usd_per_hour, true }, most);
        buf_adds(h->out, "</tbody></table>\n");
        html_close(h);
}

/* --- progress --------------------------------------------------------------------------------------------------------------------- */

#define CHART_WIDTH 1000.0
#define CHART_HEIGHT 300.0

struct scale {
        double seconds, low, high;
};

static double at_x(const struct scale *s, double seconds) {
        return s->seconds > 0 ? CHART_WIDTH * seconds / s->seconds : 0;
}

static double at_y(const struct scale *s, double usd) {
        return CHART_HEIGHT * (s->high - MIN(MAX(usd, s->low), s->high)) / (s->high - s->low);
}

/* A value holds until the next one: steps, not slopes. */
static void steps(const struct html *h, const struct scale *s, bool bound, bool back) {
        const struct plan *p = h->plan;

        for (size_t k = 0; k < p->point_count; k++) {
                size_t i = back ? p->point_count - 1 - k : k;
                double from = at_x(s, p->points[i].seconds), to = at_x(s, i + 1 < p->point_count ? p->points[i + 1].seconds : s->seconds),
                       y = at_y(s, bound ? p->points[i].bound : p->points[i].cost);
                buf_printf(h->out, "%.1f,%.1f %.1f,%.1f ", back ? to : from, y, back ? from : to, y);
        }
}

static struct scale scale_of(const struct plan *p) {
        struct scale s = { .seconds = MAX(p->seconds, p->points[p->point_count - 1].seconds), .low = p->plan_usd_per_hour };

        for (size_t i = 0; i < p->point_count; i++) {
                s.high = MAX(s.high, p->points[i].cost);
                s.low = MIN(s.low, p->points[i].bound);
        }
        s.high = MIN(s.high, 2 * p->plan_usd_per_hour); /* the first answers may be far off: they would flatten the rest */
        s.low = MAX(s.low, 0.5 * p->plan_usd_per_hour);
        if (s.high - s.low < 0.01 * p->plan_usd_per_hour)
                s.high += 0.01 * p->plan_usd_per_hour;
        return s;
}

static double gap_at(const struct pack_point *point) {
        return point->bound > 0 ? 100 * (point->cost - point->bound) / point->bound : 0;
}

void html_progress(const struct html *h) {
        const struct plan *p = h->plan;
        struct buf t = BUF(TEXT_MAX);

        if (p->point_count < 2 || p->plan_usd_per_hour <= 0)
                return;
        struct scale s = scale_of(p);
        html_open(h, "progress", "How the search closed in");
        buf_adds(h->out, "<p>The price of the best plan so far falls, the bound below which no plan can exist rises; what is left between "
                         "them is the gap. It went from ");
        words_percent(&t, gap_at(&p->points[0]));
        html_take(h->out, &t);
        buf_adds(h->out, " to ");
        words_percent(&t, p->gap_percent);
        html_take(h->out, &t);
        buf_printf(h->out, " in %.1f s.</p>\n<figure class=\"chart\"><div class=\"y\" aria-hidden=\"true\"><span>", s.seconds);
        words_dollars(&t, s.high);
        html_take(h->out, &t);
        buf_adds(h->out, "</span><span>");
        words_dollars(&t, s.low);
        html_take(h->out, &t);
        buf_printf(h->out,
                   "</span></div><svg role=\"img\" aria-label=\"Price and bound over time, as the text above says\" "
                   "viewBox=\"0 0 %g %g\" preserveAspectRatio=\"none\" width=\"100%%\" height=\"180\">\n<polygon class=\"gap\" points=\"",
                   CHART_WIDTH, CHART_HEIGHT);
        steps(h, &s, false, false);
        steps(h, &s, true, true);
        buf_adds(h->out, "\"/>\n<polyline class=\"price\" points=\"");
        steps(h, &s, false, false);
        buf_adds(h->out, "\"/>\n<polyline class=\"low\" points=\"");
        steps(h, &s, true, false);
        buf_printf(h->out,
                   "\"/></svg><div class=\"x\" aria-hidden=\"true\"><span>0 s</span><span>%.1f s</span></div>\n"
                   "<figcaption><span class=\"is-price\">best plan, $/h</span><span class=\"is-low\">bound, $/h</span></figcaption>"
                   "</figure>\n",
                   s.seconds);
        html_close(h);
}
