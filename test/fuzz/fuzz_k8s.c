/* Kubernetes objects: whatever stands in them, the demand that comes out is one that can be planned, and a refusal says where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/doc/doc.h"
#include "core/plan/demand_k8s.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int read_all(struct k8s_reader *reader, const uint8_t *data, size_t bytes, struct err *e) {
        struct doc_reader *docs = doc_reader_new("fuzz", (const char *)data, bytes);
        const struct doc_node *root = NULL;
        int r;

        while ((r = doc_reader_next(docs, &root, e)) > 0)
                if ((r = k8s_read(reader, "fuzz", root, e)) < 0)
                        break;
        doc_reader_free(docs);
        return r < 0 ? r : k8s_finish(reader, e);
}

static void check(const struct workload *w) {
        const struct gpu_request *q = &w->request;
        bool sized = q->kind == REQUEST_MIG      ? *q->profile != '\0'
                     : q->kind == REQUEST_MEMORY ? q->memory_mib > 0
                     : q->kind == REQUEST_MILLI  ? q->milli > 0 && q->milli <= 1000
                                                 : true;

        if (!sized || !q->count || !w->containers_with_gpu || !w->replicas || w->replicas_min > w->replicas ||
            w->replicas > DEMAND_PODS_MAX || (w->impossible && !*w->impossible))
                abort();
        if (!*w->name || !*w->kind || strcmp(w->file, "fuzz") || !w->line || !w->note)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        struct demand d = { 0 };
        struct k8s_reader *reader = k8s_reader_new(&d);
        struct err e = { 0 };

        if (read_all(reader, data, bytes, &e) < 0) {
                if (!e.text[0])
                        abort();
        } else {
                for (size_t i = 0; i < d.count; i++)
                        check(&d.workloads[i]);
        }
        k8s_reader_free(reader);
        demand_done(&d);
        return 0;
}
