#include "core/plan/usage.h"

#include "base/hash.h"
#include <math.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/doc/csv.h"

#define UNMATCHED_TEXT_MAX 300
#define MEMORY_MIB_MAX (1 << 30)

enum number { MEMORY_P50, MEMORY_P95, MEMORY_P99, MEMORY_MAX, SM_P50, SM_P95, SM_MAX, NUMBER_MAX };

static const struct {
        const char *column;
        bool memory;
} numbers[NUMBER_MAX] = {
        [MEMORY_P50] = { "memory_p50_mib", true },
        [MEMORY_P95] = { "memory_p95_mib", true },
        [MEMORY_P99] = { "memory_p99_mib", true },
        [MEMORY_MAX] = { "memory_max_mib", true },
        [SM_P50] = { "sm_p50", false },
        [SM_P95] = { "sm_p95", false },
        [SM_MAX] = { "sm_max", false },
};

/* Workloads of one name. */
struct named {
        UT_hash_handle hh;
        size_t first, count; /* in the table's order */
};

struct seen {
        UT_hash_handle hh;
        char key[]; /* "<workload index>/<container>" */
};

/* The rows of one workload, added up. A column that one of its containers lacks says nothing about the whole. */
struct sum {
        uint32_t rows, have[NUMBER_MAX];
        double value[NUMBER_MAX];
};

struct table {
        struct demand *demand;
        const char *file;
        struct csv *csv;
        int workload, namespace, kind, container, gpu, samples, columns[NUMBER_MAX];
        size_t *order; /* workload indexes sorted by name */
        struct named *names;
        struct seen *seen;
        struct sum *sums; /* [demand->count] */
        struct arena arena;
        struct buf unmatched;
        size_t unmatched_count, unmatched_named;
};

static void table_done(struct table *t) {
        HASH_CLEAR(hh, t->names);
        HASH_CLEAR(hh, t->seen);
        arena_done(&t->arena);
        buf_done(&t->unmatched);
        free(t->order);
        free(t->sums);
        csv_free(t->csv);
}

static int by_name(const void *a, const void *b, void *context) {
        const struct demand *d = context;
        size_t x = *(const size_t *)a, y = *(const size_t *)b;
        int order = strcmp(d->workloads[x].name, d->workloads[y].name);
        return order ? order : (x > y) - (x < y);
}

static void index_names(struct table *t) {
        struct demand *d = t->demand;

        t->order = mem_zalloc(d->count, sizeof *t->order);
        t->sums = mem_zalloc(d->count, sizeof *t->sums);
        for (size_t i = 0; i < d->count; i++)
                t->order[i] = i;
        if (d->count > 0)
                qsort_r(t->order, d->count, sizeof *t->order, by_name, d);
        struct named *last = NULL;
        for (size_t i = 0; i < d->count; i++) {
                const char *name = d->workloads[t->order[i]].name;
                if (last && strcmp(d->workloads[t->order[last->first]].name, name) == 0) {
                        last->count++;
                        continue;
                }
                last = arena_zalloc(&t->arena, sizeof *last);
                *last = (struct named){ .first = i, .count = 1 };
                HASH_ADD_KEYPTR(hh, t->names, name, strlen(name), last);
        }
}

static int find_columns(struct table *t, struct err *e) {
        t->workload = csv_column(t->csv, "workload");
        if (t->workload < 0)
                t->workload = csv_column(t->csv, "name");
        if (t->workload < 0)
                return err_set(e, ERR_INPUT, "%s:1: no column workload (or name): whose usage is it?", t->file);
        t->namespace = csv_column(t->csv, "namespace");
        t->kind = csv_column(t->csv, "kind");
        t->container = csv_column(t->csv, "container");
        t->gpu = csv_column(t->csv, "gpu");
        t->samples = csv_column(t->csv, "samples");
        unsigned found = 0;
        for (size_t i = 0; i < NUMBER_MAX; i++) {
                t->columns[i] = csv_column(t->csv, numbers[i].column);
                found += t->columns[i] >= 0;
        }
        if (!found)
                return err_set(e, ERR_INPUT,
                               "%s:1: no column with a measurement; known: memory_p50_mib memory_p95_mib memory_p99_mib "
                               "memory_max_mib sm_p50 sm_p95 sm_max",
                               t->file);
        return 0;
}

static bool same_or_empty(const char *wanted, size_t bytes, const char *is) {
        return bytes == 0 || (strlen(is) == bytes && memcmp(wanted, is, bytes) == 0);
}

static bool matches(const struct table *t, const struct workload *w, const char *prefix, size_t prefix_bytes) {
        const char *namespace = csv_field(t->csv, t->namespace), *kind = csv_field(t->csv, t->kind);

        return same_or_empty(namespace, strlen(namespace), w->namespace) && same_or_empty(kind, strlen(kind), w->kind) &&
               (same_or_empty(prefix, prefix_bytes, w->namespace) || same_or_empty(prefix, prefix_bytes, w->kind));
}

/* 1 and its index, 0 if no workload matches. The name may carry its namespace or kind in front: "prod/asr", "Deployment/asr". */
static int find_workload(const struct table *t, size_t *ret_index, struct err *e) {
        const char *text = csv_field(t->csv, t->workload), *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text;
        struct named *named;
        size_t found = 0;

        HASH_FIND_STR(t->names, name, named);
        for (size_t i = 0; named && i < named->count; i++) {
                size_t index = t->order[named->first + i];
                if (!matches(t, &t->demand->workloads[index], text, slash ? (size_t)(slash - text) : 0))
                        continue;
                if (found++ == 0)
                        *ret_index = index;
        }
        if (found > 1)
                return err_set(e, ERR_INPUT, "%s:%u: '%s' names %zu workloads; tell them apart by the columns namespace and kind", t->file,
                               csv_line(t->csv), text, found);
        return (int)found;
}

/* "0.35" or "35%". */
static int read_activity(const struct table *t, enum number which, double *ret_value, struct err *e) {
        const char *text = csv_field(t->csv, t->columns[which]);
        char *end = NULL;
        double value = NAN;

        if (strspn(text, "0123456789.%") == strlen(text))
                value = strtod(text, &end);
        if (end && end != text && strcmp(end, "%") == 0) {
                value /= 100;
                end++;
        }
        if (!end || end == text || *end || !(value <= 1))
                return err_set(e, ERR_INPUT, "%s:%u: %s: '%s' is neither a number in 0..1 nor a percentage", t->file, csv_line(t->csv),
                               numbers[which].column, text);
        *ret_value = value;
        return 0;
}

static int read_numbers(const struct table *t, double values[NUMBER_MAX], struct err *e) {
        for (enum number i = 0; i < NUMBER_MAX; i++) {
                values[i] = -1;
                if (!*csv_field(t->csv, t->columns[i]))
                        continue;
                int r = numbers[i].memory ? csv_real(t->csv, t->columns[i], 0, MEMORY_MIB_MAX, &values[i], e)
                                          : read_activity(t, i, &values[i], e);
                if (r < 0)
                        return r;
        }
        for (enum number i = 1; i < NUMBER_MAX; i++)
                if (numbers[i].memory == numbers[i - 1].memory && values[i] >= 0 && values[i] < values[i - 1])
                        return err_set(e, ERR_INPUT, "%s:%u: %s is below %s", t->file, csv_line(t->csv), numbers[i].column,
                                       numbers[i - 1].column);
        return 0;
}

static int refuse_repeated(struct table *t, size_t index, struct err *e) {
        const char *container = csv_field(t->csv, t->container);
        size_t bytes = strlen(container) + 32;
        struct seen *seen = arena_zalloc(&t->arena, sizeof *seen + bytes), *before;

        snprintf(seen->key, bytes, "%zu/%s", index, container);
        HASH_FIND_STR(t->seen, seen->key, before);
        if (before)
                return err_set(e, ERR_INPUT, "%s:%u: a second row for '%s'%s%s; give one per workload or container", t->file,
                               csv_line(t->csv), csv_field(t->csv, t->workload), *container ? " container " : "", container);
        HASH_ADD_KEYPTR(hh, t->seen, seen->key, strlen(seen->key), seen);
        return 0;
}

static int read_gpu(const struct table *t, struct workload *w, struct err *e) {
        const char *text = csv_field(t->csv, t->gpu);
        if (!*text)
                return 0;
        const struct gpu_model *gpu = gpu_model_find(text);
        if (!gpu)
                return err_set(e, ERR_INPUT, "%s:%u: gpu: unknown GPU '%s' (`carve gpus` lists those known)", t->file, csv_line(t->csv),
                               text);
        if (w->usage.gpu && w->usage.gpu != gpu)
                return err_set(e, ERR_INPUT, "%s:%u: gpu: '%s' was measured on %s in another row", t->file, csv_line(t->csv), w->name,
                               w->usage.gpu->key);
        w->usage.gpu = gpu;
        return 0;
}

static int take_row(struct table *t, size_t index, struct err *e) {
        struct workload *w = &t->demand->workloads[index];
        struct sum *sum = &t->sums[index];
        double values[NUMBER_MAX];
        int64_t samples = 0;

        int r = refuse_repeated(t, index, e);
        if (r == 0)
                r = read_numbers(t, values, e);
        if (r == 0 && *csv_field(t->csv, t->samples))
                r = csv_int(t->csv, t->samples, 0, INT64_MAX, &samples, e);
        if (r == 0 && sum->rows == 0)
                w->usage = (struct usage){ .present = true, .source = arena_printf(&t->demand->arena, "%s:%u", t->file, csv_line(t->csv)) };
        if (r == 0)
                r = read_gpu(t, w, e);
        if (r < 0)
                return r;
        w->usage.samples = sum->rows == 0 ? (uint64_t)samples : MIN(w->usage.samples, (uint64_t)samples);
        sum->rows++;
        for (size_t i = 0; i < NUMBER_MAX; i++) {
                if (values[i] < 0)
                        continue;
                sum->have[i]++;
                sum->value[i] += values[i];
        }
        return 0;
}

static void note_unmatched(struct table *t) {
        const char *name = csv_field(t->csv, t->workload);

        t->unmatched_count++;
        if (t->unmatched.length + strlen(name) <= UNMATCHED_TEXT_MAX) {
                buf_printf(&t->unmatched, "%s%s", t->unmatched.length ? ", " : "", name);
                t->unmatched_named++;
        }
}

static void write_sums(struct table *t) {
        for (size_t i = 0; i < t->demand->count; i++) {
                const struct sum *sum = &t->sums[i];
                struct usage *u = &t->demand->workloads[i].usage;
                uint32_t *memory[] = { &u->memory_p50_mib, &u->memory_p95_mib, &u->memory_p99_mib, &u->memory_max_mib };
                float *activity[] = { &u->sm_p50, &u->sm_p95, &u->sm_max };

                if (sum->rows == 0)
                        continue;
                for (size_t n = 0; n < ARRAY_SIZE(memory); n++)
                        *memory[n] = sum->have[n] == sum->rows ? (uint32_t)ceil(MIN(sum->value[n], MEMORY_MIB_MAX)) : 0;
                for (size_t n = 0; n < ARRAY_SIZE(activity); n++)
                        *activity[n] = sum->have[SM_P50 + n] == sum->rows ? (float)sum->value[SM_P50 + n] : -1;
        }
}

int usage_read(struct demand *d, const char *name, const char *text, size_t bytes, struct usage_result *ret_result, struct err *e) {
        _cleanup_(table_done) struct table t = { .demand = d, .file = name, .unmatched = BUF(2 * UNMATCHED_TEXT_MAX) };
        struct usage_result result = { 0 };

        int r = csv_open(name, text, bytes, &t.csv, e);
        if (r == 0)
                r = find_columns(&t, e);
        if (r < 0)
                return r;
        index_names(&t);
        while ((r = csv_next(t.csv, e)) > 0) {
                size_t index = 0;
                result.rows++;
                r = find_workload(&t, &index, e);
                if (r == 0)
                        note_unmatched(&t);
                else if (r > 0) {
                        result.matched++;
                        r = take_row(&t, index, e);
                }
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        write_sums(&t);
        if (t.unmatched_count > t.unmatched_named)
                buf_printf(&t.unmatched, " and %zu more", t.unmatched_count - t.unmatched_named);
        result.unmatched = arena_strdup(&d->arena, buf_text(&t.unmatched));
        *ret_result = result;
        return 0;
}
