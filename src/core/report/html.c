#include "core/report/html.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

void html_text(struct buf *out, const char *text) {
        static const char *const names[0x80] = {
                ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;", ['`'] = "&#96;",
        };
        uint32_t c;

        while ((c = utf8_next_shown(&text))) {
                if (c < 0x80 && names[c])
                        buf_adds(out, names[c]);
                else
                        utf8_add(out, c);
        }
}

/* A path may break after each of its slashes. */
void html_name(struct buf *out, const char *name) {
        for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
                _cleanup_free_ char *part = mem_strndup(name, (size_t)(slash - name) + 1);
                html_text(out, part);
                buf_adds(out, "<wbr>");
        }
        html_text(out, name);
}

void html_take(struct buf *out, struct buf *text) {
        html_text(out, buf_text(text));
        buf_done(text);
}

void html_open(const struct html *h, const char *id, const char *title) {
        buf_printf(h->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id, id, title);
}

void html_close(const struct html *h) {
        buf_adds(h->out, "</section>\n");
}
