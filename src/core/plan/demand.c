#include "core/plan/demand.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* So that a folder of ten thousand invented kinds costs neither time nor memory. */
#define SKIPPED_KINDS_MAX 256

int demand_add(struct demand *d, struct workload **ret_workload, struct err *e) {
        if (d->count >= DEMAND_WORKLOADS_MAX)
                return err_set(e, ERR_INPUT, "more than %u workloads: split the input", DEMAND_WORKLOADS_MAX);

        MEM_GROW(d->workloads, d->count, d->capacity);
        struct workload *w = &d->workloads[d->count++];
        *w = (struct workload){
                .name = "",
                .namespace = "",
                .kind = "",
                .file = "",
                .replicas = 1,
                .replicas_min = 1,
                .request = { .profile = "", .resource = "" },
                .usage = { .sm_p50 = -1, .sm_p95 = -1, .sm_max = -1, .source = "" },
                .note = "",
                .headroom_percent = -1,
        };
        *ret_workload = w;
        return 0;
}

static struct demand_skipped *find_skipped(struct demand *d, const char *kind) {
        for (size_t i = 0; i < d->skipped_count; i++)
                if (!strcmp(d->skipped[i].kind, kind))
                        return &d->skipped[i];
        return NULL;
}

void demand_skip(struct demand *d, const char *kind) {
        struct demand_skipped *found = find_skipped(d, kind);

        if (!found && d->skipped_count >= SKIPPED_KINDS_MAX) {
                kind = "(other kinds)";
                found = find_skipped(d, kind);
        }
        if (!found) {
                MEM_GROW(d->skipped, d->skipped_count, d->skipped_capacity);
                found = &d->skipped[d->skipped_count++];
                *found = (struct demand_skipped){ .kind = arena_strdup(&d->arena, kind) };
        }
        found->count++;
}

void demand_done(struct demand *d) {
        free(d->workloads);
        free(d->skipped);
        arena_done(&d->arena);
        *d = (struct demand){ 0 };
}

const struct workload *demand_find(const struct demand *d, const char *name) {
        const char *slash = strchr(name, '/');
        const char *tail = slash ? slash + 1 : name;
        size_t head = slash ? (size_t)(slash - name) : 0;
        const struct workload *found = NULL;

        for (size_t i = 0; i < d->count; i++) {
                const struct workload *w = &d->workloads[i];
                if (strcmp(w->name, tail))
                        continue;
                bool in_namespace = strlen(w->namespace) == head && !strncmp(w->namespace, name, head);
                bool of_kind = strlen(w->kind) == head && !strncasecmp(w->kind, name, head);
                if (slash && !in_namespace && !of_kind)
                        continue;
                if (found)
                        return NULL;
                found = w;
        }
        return found;
}
