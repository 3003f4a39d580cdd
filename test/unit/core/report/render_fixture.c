/* render_fixture cluster|hostile|nothing|trace|large text|color|verbose|json|yaml|html|explain: a report of a made-up plan, for looking at
 * it and for the tests that read it with other programs. */
#include <stdio.h>

#include "base/mem.h"
#include "core/report/report.h"
#include "fixture.h"

static void trace(struct fixture *f) {
        fixture_trace(f, 125, 150);
}

static void large(struct fixture *f) {
        fixture_trace(f, 21000, 700);
}

static void text(const struct plan *p, struct buf *out) {
        report_text(p, &(struct report_style){ .columns = 80 }, out);
}

static void color(const struct plan *p, struct buf *out) {
        report_text(p, &(struct report_style){ .columns = 80, .color = true }, out);
}

static void verbose(const struct plan *p, struct buf *out) {
        report_text(p, &(struct report_style){ .columns = 80, .verbose = true }, out);
}

static void explain(const struct plan *p, struct buf *out) {
        for (size_t i = 0; i < MIN(p->workload_count, 9u); i++)
                report_explain(p, i, &(struct report_style){ .columns = 80 }, out);
}

static const struct {
        const char *name;
        void (*make)(struct fixture *);
} plans[] = { { "cluster", fixture_cluster },
              { "hostile", fixture_hostile },
              { "nothing", fixture_nothing },
              { "trace", trace },
              { "large", large } };

static const struct {
        const char *name;
        void (*write)(const struct plan *, struct buf *);
} forms[] = {
        { "text", text },        { "color", color },      { "verbose", verbose },  { "explain", explain },
        { "json", report_json }, { "yaml", report_yaml }, { "html", report_html },
};

int main(int argc, char **argv) {
        for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(plans); i++)
                for (size_t k = 0; k < ARRAY_SIZE(forms); k++) {
                        if (strcmp(argv[1], plans[i].name) || strcmp(argv[2], forms[k].name))
                                continue;
                        struct fixture f;
                        struct buf out = BUF(REPORT_BYTES_MAX);
                        plans[i].make(&f);
                        forms[k].write(&f.plan, &out);
                        fwrite(out.text, 1, out.length, stdout);
                        buf_done(&out);
                        fixture_done(&f);
                        return 0;
                }
        fprintf(stderr, "usage: render_fixture cluster|hostile|nothing|trace|large text|color|verbose|explain|json|yaml|html\n");
        return 2;
}
