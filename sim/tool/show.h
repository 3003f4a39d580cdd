/* show: a simulated node for people and programs. Pure: a node and the time in, text out. */
#pragma once

#include "cli/cmd.h"
#include "core/doc/print.h"
#include "sim/node/node.h"

struct show {
        const struct node *node;
        uint64_t now_us;
};

/* One subject in the two forms. */
struct show_subject {
        void (*text)(const struct show *s, bool color, unsigned columns, struct buf *out);
        void (*document)(const struct show *s, struct printer *p);
};
extern const struct show_subject show_all, show_processes;

/* Every output that the command line asks for. */
int show_write(const struct cmd_run *run, const struct node *n, const struct show_subject *subject, struct err *e);

/* show_document.c: what the two subjects say to programs. */
void show_document(const struct show *s, struct printer *p);
void show_document_processes(const struct show *s, struct printer *p);
