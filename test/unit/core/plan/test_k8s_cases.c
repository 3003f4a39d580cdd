/* Every test/cases/k8s/X.yaml read as carve plan reads it, its demand written as text and compared with X.expect beside it.
 *
 * The expected texts are written by hand: sums from the Kubernetes documentation and the sidecar KEP (753), GPU labels and sizes from
 * data/cloud, default values from the API reference of each kind. A line is
 *
 *     Kind namespace/name xREPLICAS[..min MIN] CPUm MEMORYMi REQUEST [key=value …]
 */
#include <dirent.h>

#include "../../unit.h"

#include "base/buf.h"
#include "core/doc/doc.h"
#include "core/plan/demand_k8s.h"

#define CASE_BYTES_MAX (1 << 20)
#define TYPES_SHOWN_MAX 8

static char *read_file(const char *folder, const char *name) {
        _cleanup_free_ char *path = mem_printf("%s/%s", folder, name);
        FILE *f = fopen(path, "r");

        if (!f)
                return NULL;
        char *text = mem_zalloc(CASE_BYTES_MAX, 1);
        size_t n = fread(text, 1, CASE_BYTES_MAX - 1, f);
        assert_true(n < CASE_BYTES_MAX - 1);
        fclose(f);
        return text;
}

static void print_request(struct buf *b, const struct workload *w) {
        const struct gpu_request *q = &w->request;

        buf_printf(b, " %ux", q->count);
        switch (q->kind) {
        case REQUEST_GPUS:
                buf_adds(b, "gpu");
                break;
        case REQUEST_MIG:
                buf_printf(b, "mig:%s", q->profile);
                break;
        case REQUEST_SHARED:
                buf_printf(b, "turn%s%s", *q->profile ? ":" : "", q->profile);
                break;
        case REQUEST_MEMORY:
                buf_printf(b, "%uMi", q->memory_mib);
                if (q->milli)
                        buf_printf(b, "+%um", q->milli);
                break;
        case REQUEST_MILLI:
                buf_printf(b, "%um", q->milli);
                break;
        }
        buf_printf(b, " by %s", q->resource);
        if (q->mode != GPU_WHOLE)
                buf_printf(b, " mode=%s", gpu_mode_name(q->mode));
        if (w->containers_with_gpu != 1)
                buf_printf(b, " gpu-containers=%u", w->containers_with_gpu);
}

static void print_types(struct buf *b, const struct workload *w) {
        unsigned count = 0;

        for (size_t i = 0; i < instance_type_count(); i++)
                count += w->types_allowed[i / 64] >> (i % 64) & 1;
        if (!count)
                return;
        buf_adds(b, " types=");
        if (count > TYPES_SHOWN_MAX)
                buf_printf(b, "(%u)", count);
        for (size_t i = 0, n = 0; count <= TYPES_SHOWN_MAX && i < instance_type_count(); i++)
                if (w->types_allowed[i / 64] >> (i % 64) & 1)
                        buf_printf(b, "%s%s", n++ ? "," : "", instance_type_at(i)->name);
        for (size_t i = 0, n = 0; i < gpu_model_count(); i++)
                if (w->gpus_allowed >> i & 1)
                        buf_printf(b, "%s%s", n++ ? "," : " gpus=", gpu_model_at(i)->key);
}

static void print_bits(struct buf *b, const char *what, unsigned bits, const char *const *names) {
        const char *before = "=";

        if (bits)
                buf_adds(b, what);
        for (unsigned i = 0; bits >> i; i++) {
                if (bits >> i & 1) {
                        buf_printf(b, "%s%s", before, names[i]);
                        before = ",";
                }
        }
}

static void print_workload(struct buf *b, const struct workload *w) {
        static const char *const isolation[] = { "", " isolation=none", " isolation=memory", " isolation=hardware" };
        static const char *const latency[] = { "", " latency=batch", " latency=interactive", " latency=strict" };

        buf_printf(b, "%s %s/%s x%u", w->kind, w->namespace, w->name, w->replicas);
        if (w->replicas_min != w->replicas)
                buf_printf(b, "..min %u", w->replicas_min);
        buf_printf(b, " %um %uMi", w->cpu_milli, w->memory_mib);
        print_request(b, w);
        buf_printf(b, "%s%s%s%s%s", isolation[w->isolation], latency[w->latency], w->nccl ? " nccl" : "", w->graphics ? " graphics" : "",
                   w->pdb ? " pdb" : "");
        if (w->max_per_node)
                buf_printf(b, " per-node=%u", w->max_per_node);
        print_types(b, w);
        print_bits(b, " capacity", w->capacity_allowed, (const char *[]){ "on-demand", "spot", "reserved" });
        print_bits(b, " arch", w->arch_allowed, (const char *[]){ "amd64", "arm64" });
        buf_addc(b, '\n');
        if (w->impossible)
                buf_printf(b, "  impossible: %s\n", w->impossible);
        if (*w->note)
                buf_printf(b, "  note: %s\n", w->note);
}

static void print_demand(struct buf *b, const struct demand *d) {
        for (size_t i = 0; i < d->count; i++)
                print_workload(b, &d->workloads[i]);
        if (d->cpu_only_workloads)
                buf_printf(b, "cpu-only %llu workloads %llu pods\n", (unsigned long long)d->cpu_only_workloads,
                           (unsigned long long)d->cpu_only_pods);
        if (d->daemon_pods)
                buf_printf(b, "daemons %u pods %um %uMi\n", d->daemon_pods, d->daemon_cpu_milli, d->daemon_memory_mib);
        for (size_t i = 0; i < d->skipped_count; i++)
                buf_printf(b, "skipped %llu %s\n", (unsigned long long)d->skipped[i].count, d->skipped[i].kind);
}

static int read_all(struct k8s_reader *reader, const char *name, const char *text, struct err *e) {
        struct doc_reader *docs = doc_reader_new(name, text, strlen(text));
        const struct doc_node *root = NULL;
        int r;

        while ((r = doc_reader_next(docs, &root, e)) > 0)
                if ((r = k8s_read(reader, name, root, e)) < 0)
                        break;
        doc_reader_free(docs);
        return r < 0 ? r : k8s_finish(reader, e);
}

/* A file named error-… holds documents that each are an input of its own. */
static void read_each(struct buf *b, const char *name, const char *text) {
        struct doc_reader *docs = doc_reader_new(name, text, strlen(text));
        const struct doc_node *root = NULL;
        struct err e = { 0 };
        int r;

        while ((r = doc_reader_next(docs, &root, &e)) > 0) {
                struct demand d = { 0 };
                struct k8s_reader *reader = k8s_reader_new(&d);
                bool refused = k8s_read(reader, name, root, &e) < 0 || k8s_finish(reader, &e) < 0;
                buf_printf(b, "%s\n", refused ? e.text : "taken");
                k8s_reader_free(reader);
                demand_done(&d);
        }
        assert_int_equal(r, 0);
        doc_reader_free(docs);
}

static bool run_case(const char *folder, const char *name) {
        _cleanup_free_ char *text = read_file(folder, name), *stem = mem_strndup(name, strlen(name) - strlen(".yaml"));
        _cleanup_free_ char *expect_name = mem_printf("%s.expect", stem), *expect = read_file(folder, expect_name);
        struct demand d = { 0 };
        struct k8s_reader *reader = k8s_reader_new(&d);
        struct buf b = BUF(CASE_BYTES_MAX);
        struct err e = { 0 };

        if (!strncmp(name, "error", 5))
                read_each(&b, name, text);
        else if (read_all(reader, name, text, &e) < 0)
                buf_printf(&b, "error: %s\n", e.text);
        else
                print_demand(&b, &d);
        k8s_reader_free(reader);
        demand_done(&d);

        bool same = expect && !strcmp(buf_text(&b), expect);
        if (!same)
                fprintf(stderr, "%s: expected\n%s\nhas\n%s\n", name, expect ?: "(no .expect file)", buf_text(&b));
        buf_done(&b);
        return same;
}

static void reads_what_kubernetes_would(void **state) {
        const char *folder = *state;
        DIR *dir = opendir(folder);
        unsigned run = 0, failed = 0;

        assert_non_null(dir);
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                size_t n = strlen(entry->d_name);
                if (n < 6 || strcmp(entry->d_name + n - 5, ".yaml"))
                        continue;
                run++;
                failed += !run_case(folder, entry->d_name);
        }
        closedir(dir);
        assert_true(run >= 10);
        assert_int_equal(failed, 0);
}

int main(int argc, char **argv) {
        if (argc != 2)
                return 2;
        const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(reads_what_kubernetes_would, argv[1]) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
