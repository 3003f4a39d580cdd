/* One decision, in the order it was made: asked, measured, needed, considered, chosen, where, what it costs. */
#include <string.h>

#include "base/mem.h"
#include "base/paper.h"
#include "base/utf8.h"
#include "core/report/report.h"
#include "core/report/view.h"
#include "core/report/words.h"

#define LINE_BYTES_MAX 4096
#define LABEL_COLUMNS 14
#define GROUPS_SHOWN 12

struct story {
        struct paper paper;
        const struct view *view;
        const struct plan_workload *w;
        uint32_t index;
        bool verbose;
};

/* "label         text, wrapped below itself". Empties the buffer. */
static void say(const struct story *s, const char *label, struct buf *text) {
        if (*buf_text(text)) {
                paper_space(&s->paper, 2);
                paper_left(&s->paper, INK_DIM, label, LABEL_COLUMNS);
                paper_wrap(&s->paper, INK_PLAIN, buf_text(text), LABEL_COLUMNS + 2, LABEL_COLUMNS + 2);
        }
        buf_done(text);
}

static void asked(const struct story *s) {
        static const char *const isolation[] = {
                [ISOLATION_UNSET] = "", [ISOLATION_NONE] = "none", [ISOLATION_MEMORY] = "memory", [ISOLATION_HARDWARE] = "hardware"
        };
        static const char *const latency[] = {
                [LATENCY_UNSET] = "", [LATENCY_BATCH] = "batch", [LATENCY_INTERACTIVE] = "interactive", [LATENCY_STRICT] = "strict"
        };
        const struct workload *d = s->w->demand;
        struct buf b = BUF(LINE_BYTES_MAX);

        paper_heading(&s->paper, "ASKED", "");
        if (d->file && *d->file) {
                buf_adds(&b, d->file);
                if (d->line)
                        buf_printf(&b, ":%u", d->line);
        }
        say(s, "read from", &b);
        words_asks(&b, d);
        if (d->request.resource && *d->request.resource)
                buf_printf(&b, " (%s)", d->request.resource);
        buf_adds(&b, ", ");
        words_milli(&b, d->cpu_milli);
        buf_adds(&b, " CPU, ");
        words_mib(&b, d->memory_mib);
        say(s, "per pod", &b);
        words_count(&b, d->replicas);
        if (d->replicas_min != d->replicas)
                buf_printf(&b, " at most, %u at least (planned for the most)", d->replicas_min);
        say(s, "pods", &b);
        buf_adds(&b, isolation[d->isolation]);
        say(s, "isolation", &b);
        buf_adds(&b, latency[d->latency]);
        say(s, "latency", &b);
        if (d->nccl)
                buf_adds(&b, "uses NCCL or MPI: its GPUs must reach each other");
        say(s, "traffic", &b);
        if (d->note)
                buf_adds(&b, d->note);
        say(s, "note", &b);
}

/* "p50 3.1 GiB, p99 5.9 GiB" of those that were measured. */
static void add_memory(struct buf *b, const char *what, uint32_t mib) {
        if (!mib)
                return;
        buf_printf(b, "%s%s ", *buf_text(b) ? ", " : "", what);
        words_mib(b, mib);
}

static void add_activity(struct buf *b, const char *what, float activity) {
        if (activity < 0)
                return;
        buf_printf(b, "%s%s ", *buf_text(b) ? ", " : "", what);
        words_percent(b, 100 * (double)activity);
}

static void measured(const struct story *s) {
        const struct usage *u = &s->w->demand->usage;
        struct buf b = BUF(LINE_BYTES_MAX);

        paper_heading(&s->paper, "MEASURED", u->present ? "" : "nothing: the plan keeps what is asked for");
        if (u->present) {
                add_memory(&b, "p50", u->memory_p50_mib);
                add_memory(&b, "p95", u->memory_p95_mib);
                add_memory(&b, "p99", u->memory_p99_mib);
                add_memory(&b, "most", u->memory_max_mib);
                say(s, "GPU memory", &b);
                add_activity(&b, "p50", u->sm_p50);
                add_activity(&b, "p95", u->sm_p95);
                add_activity(&b, "most", u->sm_max);
                if (*buf_text(&b) && u->gpu) {
                        buf_adds(&b, " of ");
                        words_a_gpu(&b, u->gpu);
                }
                say(s, "SM activity", &b);
                if (u->samples) {
                        words_counted(&b, u->samples, "sample");
                        if (u->source && *u->source)
                                buf_printf(&b, ", %s", u->source);
                }
                say(s, "from", &b);
        }
        if (!s->w->need_memory_mib && s->w->need_compute < 0)
                return;
        paper_heading(&s->paper, "NEEDED", "with headroom, per slice");
        if (s->w->need_memory_mib)
                words_mib(&b, s->w->need_memory_mib);
        say(s, "GPU memory", &b);
        if (s->w->need_compute >= 0) {
                words_percent(&b, 100 * (double)s->w->need_compute);
                buf_adds(&b, " of ");
                words_a_gpu(&b, s->w->gpu);
        }
        say(s, "compute", &b);
}

static bool chosen(const struct plan_workload *w, const struct plan_option *o) {
        return o->gpu == w->gpu && o->mode == w->mode && !strcmp(o->profile, w->profile);
}

static void option(const struct story *s, const struct plan_option *o) {
        bool is_chosen = chosen(s->w, o);
        struct buf gpu = BUF(200), what = BUF(LINE_BYTES_MAX), usd = BUF(100);

        words_gpu(&gpu, o->gpu);
        buf_adds(&what, words_mode(o->mode));
        if (o->mode != GPU_WHOLE)
                buf_printf(&what, " %s", o->profile);
        if (o->usd_per_hour >= 0)
                words_dollars(&usd, o->usd_per_hour);
        paper_space(&s->paper, 2);
        paper_left(&s->paper, INK_GOOD, is_chosen ? "→" : *o->rejected ? "×" : "·", 2);
        paper_left(&s->paper, INK_PLAIN, buf_text(&gpu), 16);
        paper_left(&s->paper, INK_PLAIN, buf_text(&what), MIN(26u, s->paper.columns - 44));
        paper_right(&s->paper, INK_PLAIN, buf_text(&usd), 9);
        paper_space(&s->paper, 2);
        paper_put(&s->paper, is_chosen ? INK_GOOD : INK_DIM, is_chosen ? "chosen" : *o->rejected ? "" : "also possible");
        paper_end(&s->paper);
        if (!is_chosen && *o->rejected)
                paper_wrap(&s->paper, INK_DIM, o->rejected, 6, 0);
        buf_done(&gpu), buf_done(&what), buf_done(&usd);
}

static void considered(const struct story *s) {
        if (!s->w->option_count)
                return;
        paper_heading(&s->paper, "CONSIDERED", "$/h of one pod, at its share of the cheapest instance with that GPU");
        for (uint32_t i = 0; i < s->w->option_count; i++)
                option(s, &s->w->options[i]);
}

static void decided(const struct story *s) {
        struct buf b = BUF(LINE_BYTES_MAX);

        paper_heading(&s->paper, "CHOSEN", "");
        words_gets(&b, s->w);
        say(s, "gets", &b);
        if (s->w->mode != GPU_WHOLE && s->w->gpu_milli) {
                words_percent(&b, s->w->gpu_milli / 10.0);
                buf_adds(&b, " of the GPU");
        }
        say(s, "which is", &b);
        buf_adds(&b, s->w->reason);
        say(s, "because", &b);
        buf_adds(&b, s->w->risk);
        say(s, "risk", &b);
}

static void where(const struct story *s) {
        const struct plan *p = s->view->plan;
        unsigned shown = 0, left = 0;

        paper_heading(&s->paper, "RUNS ON", "");
        for (size_t i = 0; i < p->node_count; i++) {
                const struct plan_node *n = &p->nodes[i];
                for (uint32_t k = 0; k < n->pod_count; k++) {
                        if (n->pods[k].workload != s->index)
                                continue;
                        if (!s->verbose && shown >= GROUPS_SHOWN) {
                                left++;
                                continue;
                        }
                        shown++;
                        struct buf b = BUF(LINE_BYTES_MAX);
                        words_counted(&b, n->pods[k].count, "pod");
                        buf_adds(&b, n->count == 1 ? " on " : " on each of ");
                        words_count(&b, n->count);
                        buf_addc(&b, ' ');
                        words_type(&b, n->type, n->capacity);
                        if (n->pod_count > 1) {
                                buf_adds(&b, ", beside ");
                                words_counted(&b, n->pod_count - 1, "other workload");
                        }
                        paper_wrap(&s->paper, INK_PLAIN, buf_text(&b), 2, 0);
                        buf_done(&b);
                }
        }
        if (left) {
                struct buf b = BUF(200);
                buf_printf(&b, "and on %u more kinds of node (-v shows all)", left);
                paper_wrap(&s->paper, INK_DIM, buf_text(&b), 2, 0);
                buf_done(&b);
        }
        if (s->w->unplaced) {
                struct buf b = BUF(LINE_BYTES_MAX);
                words_counted(&b, s->w->unplaced, "pod");
                buf_printf(&b, " not placed: %s", s->w->unplaced_reason);
                paper_wrap(&s->paper, INK_BAD, buf_text(&b), 2, 0);
                buf_done(&b);
        }
}

static void costs(const struct story *s) {
        struct buf b = BUF(LINE_BYTES_MAX);
        double saved = s->w->today_usd_per_hour - s->w->plan_usd_per_hour;

        paper_heading(&s->paper, "COSTS", "its share of the nodes it runs on");
        words_dollars(&b, s->w->today_usd_per_hour);
        buf_adds(&b, "/h");
        say(s, "today", &b);
        words_dollars(&b, s->w->plan_usd_per_hour);
        buf_adds(&b, "/h");
        say(s, "planned", &b);
        words_dollars_short(&b, (saved < 0 ? -saved : saved) * HOURS_PER_YEAR);
        buf_printf(&b, " a year %s", saved < 0 ? "more" : "less");
        say(s, "that is", &b);
}

void report_explain(const struct plan *p, size_t workload, const struct report_style *style, struct buf *out) {
        static void (*const parts[])(const struct story *) = { asked, measured, considered, decided, where, costs };
        struct view view;

        view_make(p, &view);
        struct story s = {
                .paper = paper_new(style->color, style->columns, out),
                .view = &view,
                .w = &p->workloads[workload],
                .index = (uint32_t)workload,
                .verbose = style->verbose,
        };
        struct paragraph title = paper_paragraph(&s.paper, 0, 0);
        paper_words(&title, INK_BOLD, view.names[workload]);
        paper_words(&title, INK_DIM, s.w->demand->kind);
        paper_end(&s.paper);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                parts[i](&s);
        view_done(&view);
}
