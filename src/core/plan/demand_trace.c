#include "core/plan/demand_trace.h"

#include "base/hash.h"
#include "base/mem.h"
#include "core/doc/csv.h"

#define TRACE_GPUS_MAX 1024    /* per pod; what no instance holds is the plan's to refuse */
#define TRACE_CPU_MAX 10000000 /* milli */
#define TRACE_MEMORY_MAX (1 << 30)
#define SPEC_NAMES_MAX 16

/* What the models of Alibaba's fleet are on EC2 (openb, Alibaba GPU v2023). P100, G1, G2 and G3 (undisclosed) are not sold there. An A10G
 * has the die and memory of an A10. */
static const struct {
        const char *trace, *key;
} fleet[] = {
        { "T4", "t4" },
        { "V100M16", "v100" },
        { "V100M32", "v100-32gb" },
        { "A10", "a10g" },
};

struct shape {
        UT_hash_handle hh;
        const char *name; /* the key */
        size_t workload;
};

struct trace {
        struct demand *demand;
        struct csv *csv;
        struct shape *shapes; /* hash by name */
        struct arena nodes;   /* of the hash */
        int cpu, memory, gpus, milli, count, spec;
};

struct row {
        int64_t cpu, memory, gpus, milli, count;
        char spec[128]; /* sorted, each once, joined by '|' */
        uint64_t models;
};

static void trace_done(struct trace *t) {
        HASH_CLEAR(hh, t->shapes);
        arena_done(&t->nodes);
        csv_free(t->csv);
}

static const struct gpu_model *sold_model(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(fleet); i++)
                if (strcmp(fleet[i].trace, name) == 0)
                        return gpu_model_find(fleet[i].key);
        return gpu_model_find(name);
}

static int by_text(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "V100M32|V100M16|V100M32" -> "V100M16|V100M32" and the models that can be bought. */
static int read_spec(const struct trace *t, const char *name, struct row *row, struct err *e) {
        char text[sizeof row->spec];
        char *names[SPEC_NAMES_MAX], *rest = text, *one;
        size_t count = 0, length = 0;

        const char *field = csv_field(t->csv, t->spec);
        if (strlen(field) >= sizeof text)
                return err_set(e, ERR_INPUT, "%s:%u: gpu_spec: longer than %zu characters", name, csv_line(t->csv), sizeof text - 1);
        memcpy(text, field, strlen(field) + 1);
        while ((one = strsep(&rest, "|"))) {
                if (!*one)
                        continue;
                if (count == ARRAY_SIZE(names))
                        return err_set(e, ERR_INPUT, "%s:%u: gpu_spec: more than %zu models", name, csv_line(t->csv), ARRAY_SIZE(names));
                names[count++] = one;
        }
        qsort(names, count, sizeof *names, by_text);
        for (size_t i = 0; i < count; i++) {
                if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
                        continue;
                length += (size_t)snprintf(row->spec + length, sizeof row->spec - length, "%s%s", length ? "|" : "", names[i]);
                const struct gpu_model *model = sold_model(names[i]);
                if (model)
                        row->models |= UINT64_C(1) << gpu_model_index(model);
        }
        return 0;
}

static int read_row(const struct trace *t, const char *name, struct row *row, struct err *e) {
        *row = (struct row){ .count = 1 };
        const struct {
                int column;
                int64_t min, max;
                int64_t *value;
        } fields[] = {
                { t->gpus, 0, TRACE_GPUS_MAX, &row->gpus },
                { t->cpu, 0, TRACE_CPU_MAX, &row->cpu },
                { t->memory, 0, TRACE_MEMORY_MAX, &row->memory },
                { t->count, 1, DEMAND_PODS_MAX, &row->count },
        };

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                if (fields[i].column < 0)
                        continue;
                int r = csv_int(t->csv, fields[i].column, fields[i].min, fields[i].max, fields[i].value, e);
                if (r < 0)
                        return r;
        }
        if (row->gpus == 0)
                return 0;
        int r = csv_int(t->csv, t->milli, 1, 1000, &row->milli, e);
        if (r < 0)
                return r;
        return read_spec(t, name, row, e);
}

/* Cores as people say them: "8", "0.5", "2.125". */
static void print_cores(int64_t milli, char text[32]) {
        int length = snprintf(text, 32, "%lld.%03lld", (long long)(milli / 1000), (long long)(milli % 1000));
        while (text[length - 1] == '0')
                text[--length] = '\0';
        if (text[length - 1] == '.')
                text[--length] = '\0';
}

static void print_name(const struct row *row, char *text, size_t bytes) {
        char cores[32];

        print_cores(row->cpu, cores);
        snprintf(text, bytes, "%lldx%lldm-%sc-%lldMi%s%s", (long long)row->gpus, (long long)row->milli, cores, (long long)row->memory,
                 row->spec[0] ? "-" : "", row->spec);
}

static int add_shape(struct trace *t, const char *file, const char *name, const struct row *row, struct shape **ret_shape, struct err *e) {
        struct workload *w;
        int r = demand_add(t->demand, &w, e);
        if (r < 0)
                return err_wrap(e, "%s:%u", file, csv_line(t->csv));

        struct arena *arena = &t->demand->arena;
        w->name = arena_strdup(arena, name);
        w->kind = "Trace";
        w->file = arena_strdup(arena, file);
        w->line = csv_line(t->csv);
        w->replicas = w->replicas_min = 0;
        w->cpu_milli = (uint32_t)row->cpu;
        w->memory_mib = (uint32_t)row->memory;
        w->request = (struct gpu_request){
                .kind = REQUEST_GPUS, .count = (uint32_t)row->gpus, .milli = (uint16_t)row->milli, .resource = "num_gpu"
        };
        w->containers_with_gpu = 1;
        if (row->spec[0]) {
                w->trace_gpus = arena_strdup(arena, row->spec);
                w->trace_gpus_allowed = row->models;
        }
        if (row->gpus > 1 && row->milli < 1000)
                w->note = arena_printf(arena, "asks %lld GPUs of %lld/1000 each: planned as %lld whole GPUs", (long long)row->gpus,
                                       (long long)row->milli, (long long)row->gpus);

        struct shape *shape = arena_zalloc(&t->nodes, sizeof *shape);
        shape->name = w->name;
        shape->workload = t->demand->count - 1;
        HASH_ADD_KEYPTR(hh, t->shapes, shape->name, strlen(shape->name), shape);
        *ret_shape = shape;
        return 0;
}

static int take_row(struct trace *t, const char *file, const struct row *row, struct err *e) {
        char name[256];
        struct shape *shape;

        if (row->gpus == 0) {
                t->demand->cpu_only_pods += (uint64_t)row->count;
                return 0;
        }
        print_name(row, name, sizeof name);
        HASH_FIND_STR(t->shapes, name, shape);
        if (!shape) {
                int r = add_shape(t, file, name, row, &shape, e);
                if (r < 0)
                        return r;
        }
        struct workload *w = &t->demand->workloads[shape->workload];
        if (row->count > DEMAND_PODS_MAX - (int64_t)w->replicas)
                return err_set(e, ERR_INPUT, "%s:%u: more than %d pods of the shape %s", file, csv_line(t->csv), DEMAND_PODS_MAX, name);
        w->replicas += (uint32_t)row->count;
        w->replicas_min = w->replicas;
        return 0;
}

static int find_columns(struct trace *t, const char *file, struct err *e) {
        struct {
                const char *name;
                int *column;
                bool needed;
        } columns[] = {
                { "cpu_milli", &t->cpu, true },   { "memory_mib", &t->memory, true }, { "num_gpu", &t->gpus, true },
                { "gpu_milli", &t->milli, true }, { "count", &t->count, false },      { "gpu_spec", &t->spec, false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
                *columns[i].column = csv_column(t->csv, columns[i].name);
                if (*columns[i].column < 0 && columns[i].needed)
                        return err_set(
                                e, ERR_INPUT,
                                "%s:1: no column %s; a trace has cpu_milli, memory_mib, num_gpu, gpu_milli and may have count, gpu_spec",
                                file, columns[i].name);
        }
        return 0;
}

int demand_read_trace(struct demand *d, const char *name, const char *text, size_t bytes, struct err *e) {
        _cleanup_(trace_done) struct trace t = { .demand = d };
        int r = csv_open(name, text, bytes, &t.csv, e);
        if (r < 0)
                return r;
        r = find_columns(&t, name, e);
        if (r < 0)
                return r;
        d->is_trace = true;
        while ((r = csv_next(t.csv, e)) > 0) {
                struct row row;
                r = read_row(&t, name, &row, e);
                if (r < 0)
                        return r;
                r = take_row(&t, name, &row, e);
                if (r < 0)
                        return r;
                d->objects++;
        }
        return r;
}
