/* html: pieces of the HTML report. Every text of the plan goes through html_text() or html_take(); only literals are written raw.
 */
#pragma once

#include "base/buf.h"
#include "core/report/view.h"

struct html {
        struct buf *out;
        const struct view *view;
        const struct plan *plan;
};

/* style.css and script.js as built in, with their hashes as a content security policy names them ("sha256-…"). */
extern const char html_style[], html_style_hash[], html_script[], html_script_hash[];

/* Append text so that it is text wherever it stands, in an element or in a quoted attribute; what cannot be shown is replaced. */
void html_text(struct buf *out, const char *text);
/* The same for a workload's name in an element. */
void html_name(struct buf *out, const char *name);
/* The same with what a buffer holds, which is then empty again. */
void html_take(struct buf *out, struct buf *text);

/* Whole sections; each writes nothing where the plan has nothing for it. */
void html_costs(const struct html *h);
void html_progress(const struct html *h);
void html_purchases(const struct html *h);
void html_nodes(const struct html *h);
void html_workloads(const struct html *h);

/* "<section id=… aria-labelledby=…><h2>title</h2>" and its end. `id` and `title` are literals. */
void html_open(const struct html *h, const char *id, const char *title);
void html_close(const struct html *h);
