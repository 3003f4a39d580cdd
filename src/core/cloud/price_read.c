/* Reading a price file: all of it or nothing. */
#include <string.h>

#include "base/mem.h"
#include "core/cloud/price_list.h"
#include "core/doc/csv.h"

#define REGION_LENGTH_MAX 32
#define USD_PER_HOUR_MIN 0.0001 /* a price of nothing would make every plan free */
#define USD_PER_HOUR_MAX 10000.0

struct columns {
        int type, region, capacity, usd_per_hour, source, date;
};

struct row {
        struct price price;
        uint32_t line;
};

struct batch {
        struct row *rows;
        size_t count, capacity, room;
        struct arena texts;
};

static void batch_done(struct batch *b) {
        free(b->rows);
        arena_done(&b->texts);
}

static int find_columns(const struct csv *c, const char *name, struct columns *ret_columns, struct err *e) {
        struct columns found = {
                .type = csv_column(c, "instance_type"),
                .region = csv_column(c, "region"),
                .capacity = csv_column(c, "capacity_type"),
                .usd_per_hour = csv_column(c, "usd_per_hour"),
                .source = csv_column(c, "source"),
                .date = csv_column(c, "date"),
        };
        const struct {
                const char *name;
                int column;
        } needed[] = {
                { "instance_type", found.type },
                { "region", found.region },
                { "capacity_type", found.capacity },
                { "usd_per_hour", found.usd_per_hour },
        };
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (needed[i].column < 0)
                        return err_set(e, ERR_INPUT,
                                       "%s:1: no column '%s'; a price file has instance_type,region,capacity_type,usd_per_hour", name,
                                       needed[i].name);
        *ret_columns = found;
        return 0;
}

static bool region_ok(const char *region) {
        size_t length = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
        return length > 0 && length <= REGION_LENGTH_MAX && !region[length];
}

static int read_row(const struct csv *c, const char *name, const struct columns *columns, struct arena *texts, struct price *ret_price,
                    struct err *e) {
        struct price p;
        const char *type = csv_field(c, columns->type), *region = csv_field(c, columns->region);

        p.type = instance_type_find(type);
        if (!p.type)
                return err_set(e, ERR_INPUT, "%s:%u: instance_type: '%s' is not an EC2 GPU instance type carve knows", name, csv_line(c),
                               type);
        if (!region_ok(region))
                return err_set(e, ERR_INPUT, "%s:%u: region: '%s' is not the name of a region, such as us-east-1", name, csv_line(c),
                               region);
        if (capacity_type_parse(csv_field(c, columns->capacity), &p.capacity, e) < 0)
                return err_wrap(e, "%s:%u: capacity_type", name, csv_line(c));
        int r = csv_real(c, columns->usd_per_hour, USD_PER_HOUR_MIN, USD_PER_HOUR_MAX, &p.usd_per_hour, e);
        if (r < 0)
                return r;

        p.region = arena_strdup(texts, region);
        p.source = arena_strdup(texts, csv_field(c, columns->source));
        p.date = arena_strdup(texts, csv_field(c, columns->date));
        *ret_price = p;
        return 0;
}

static int read_rows(struct csv *c, const char *name, struct batch *b, struct err *e) {
        struct columns columns = { 0 };
        int r = find_columns(c, name, &columns, e);
        if (r < 0)
                return r;
        while ((r = csv_next(c, e)) > 0) {
                if (b->count == b->room)
                        return err_set(e, ERR_INPUT, "%s:%u: more prices than the list can hold (%d)", name, csv_line(c), PRICE_ROWS_MAX);
                MEM_GROW(b->rows, b->count, b->capacity);
                struct row *row = &b->rows[b->count];
                row->line = csv_line(c);
                r = read_row(c, name, &columns, &b->texts, &row->price, e);
                if (r < 0)
                        return r;
                b->count++;
        }
        return r;
}

static int compare_rows(const void *a, const void *b) {
        const struct row *x = a, *y = b;
        int order = price_compare(&x->price, &y->price);
        return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int check_repeats(const struct batch *b, const char *name, struct err *e) {
        for (size_t i = 1; i < b->count; i++) {
                const struct price *p = &b->rows[i].price;
                if (!price_compare(&b->rows[i - 1].price, p))
                        return err_set(e, ERR_INPUT, "%s:%u: %s %s in %s was already given in line %u", name, b->rows[i].line,
                                       capacity_type_name(p->capacity), p->type->name, p->region, b->rows[i - 1].line);
        }
        return 0;
}

/* Both are sorted; where both have a row, the new one stays. The texts stay in the list's arena. */
static void merge(struct price_list *list, const struct batch *b) {
        struct price *merged = mem_zalloc(list->count + b->count + 1, sizeof *merged);
        size_t count = 0, old = 0;
        for (size_t i = 0; i < b->count; i++) {
                struct price p = b->rows[i].price;
                while (old < list->count && price_compare(&list->rows[old], &p) < 0)
                        merged[count++] = list->rows[old++];
                if (old < list->count && !price_compare(&list->rows[old], &p))
                        old++;
                p.region = arena_strdup(&list->texts, p.region);
                p.source = arena_strdup(&list->texts, p.source);
                p.date = arena_strdup(&list->texts, p.date);
                merged[count++] = p;
        }
        while (old < list->count)
                merged[count++] = list->rows[old++];
        free(list->rows);
        list->rows = merged;
        list->count = count;
}

int price_list_read(struct price_list *list, const char *name, const char *text, size_t bytes, struct err *e) {
        _cleanup_(batch_done) struct batch b = { .room = PRICE_ROWS_MAX - list->count };
        struct csv *c;
        int r = csv_open(name, text, bytes, &c, e);
        if (r < 0)
                return r;
        r = read_rows(c, name, &b, e);
        csv_free(c);
        if (r < 0)
                return r;
        if (b.count)
                qsort(b.rows, b.count, sizeof *b.rows, compare_rows);
        r = check_repeats(&b, name, e);
        if (r < 0)
                return r;
        merge(list, &b);
        return 0;
}
