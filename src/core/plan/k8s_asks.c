#include <string.h>

#include "base/mem.h"
#include "core/gpu/profile.h"
#include "core/plan/k8s_request.h"

bool k8s_same_ask(const struct k8s_ask *a, const struct k8s_ask *b) {
        const struct gpu_request *x = &a->request, *y = &b->request;

        return x->kind == y->kind && x->memory_mib == y->memory_mib && x->milli == y->milli && !strcmp(x->resource, y->resource) &&
               !strcmp(x->profile, y->profile);
}

bool k8s_asks_add(struct k8s_asks *asks, const struct k8s_ask *ask) {
        for (uint32_t i = 0; i < asks->count; i++) {
                if (k8s_same_ask(&asks->items[i], ask)) {
                        asks->items[i].count += ask->count;
                        return true;
                }
        }
        if (asks->count >= K8S_ASKS_MAX)
                return false;
        asks->items[asks->count++] = *ask;
        return true;
}

/* What compares slices of different names: their memory as far as the name tells it; a whole GPU is more than any slice, a turn of no
 * stated size less. A part of an unknown GPU is taken as that part of the largest there is (288 GB). */
static int64_t size_mib(const struct gpu_request *q) {
        struct profile_name name;
        struct err ignored;

        switch (q->kind) {
        case REQUEST_GPUS:
                return INT64_MAX;
        case REQUEST_MIG:
                return profile_parse(q->profile, &name, &ignored) < 0 ? 0 : (int64_t)name.gb * 1024 + name.slices;
        case REQUEST_MEMORY:
                return q->memory_mib;
        case REQUEST_MILLI:
                return (int64_t)q->milli * 288;
        case REQUEST_SHARED:
                break;
        }
        return 0;
}

static const char *ask_text(const struct k8s_ask *ask, struct arena *scratch) {
        const struct gpu_request *q = &ask->request;

        if (q->memory_mib && q->kind == REQUEST_MEMORY)
                return arena_printf(scratch, "%lld of %u MiB (%s)", (long long)ask->count, q->memory_mib, q->resource);
        if (q->milli && q->kind == REQUEST_MILLI)
                return arena_printf(scratch, "%lld of %u/1000 (%s)", (long long)ask->count, q->milli, q->resource);
        return arena_printf(scratch, "%lld of %s", (long long)ask->count, q->resource);
}

void k8s_asks_merge(const struct k8s_asks *asks, struct arena *scratch, struct k8s_notes *notes, struct gpu_request *ret_request) {
        const struct k8s_ask *largest = &asks->items[0];
        const char *all = "";
        int64_t count = 0;

        for (uint32_t i = 0; i < asks->count; i++) {
                const struct k8s_ask *ask = &asks->items[i];
                count += ask->count;
                if (size_mib(&ask->request) > size_mib(&largest->request))
                        largest = ask;
                all = arena_printf(scratch, "%s%s%s", all, i ? " and " : "", ask_text(ask, scratch));
        }
        *ret_request = largest->request;
        ret_request->count = (uint32_t)MIN(count, (int64_t)UINT32_MAX);
        if (asks->count > 1)
                k8s_note(notes, "asks for %s: planned as %u, all as large as the largest", all, ret_request->count);
}
