#include "core/cloud/price.h"

#include <string.h>

#include "base/mem.h"
#include "core/cloud/price_list.h"

static const char *const capacity_names[CAPACITY_MAX] = {
        [CAPACITY_ON_DEMAND] = "on-demand",
        [CAPACITY_SPOT] = "spot",
        [CAPACITY_RESERVED] = "reserved",
};

static const struct {
        unsigned type; /* index of the instance type */
        const char *region;
        enum capacity_type capacity;
        double usd_per_hour;
        const char *source, *date;
} built_in[] = {
#include "cloud_prices.inc"
};
_Static_assert(ARRAY_SIZE(built_in) <= PRICE_ROWS_MAX, "raise PRICE_ROWS_MAX");

const char *capacity_type_name(enum capacity_type type) {
        return capacity_names[type];
}

int capacity_type_parse(const char *name, enum capacity_type *ret_type, struct err *e) {
        for (unsigned i = 0; i < CAPACITY_MAX; i++)
                if (!strcmp(name, capacity_names[i])) {
                        *ret_type = (enum capacity_type)i;
                        return 0;
                }
        return err_set(e, ERR_INPUT, "'%s' is not a capacity type: on-demand, spot or reserved", name);
}

int price_compare(const struct price *a, const struct price *b) {
        if (a->type != b->type)
                return a->type < b->type ? -1 : 1;
        if (a->capacity != b->capacity)
                return a->capacity < b->capacity ? -1 : 1;
        return strcmp(a->region, b->region);
}

static int compare_rows(const void *a, const void *b) {
        return price_compare(a, b);
}

struct price_list *price_list_new(void) {
        struct price_list *list = mem_zalloc(1, sizeof *list);
        list->count = ARRAY_SIZE(built_in);
        list->rows = mem_zalloc(list->count, sizeof *list->rows);
        for (size_t i = 0; i < list->count; i++)
                list->rows[i] = (struct price){
                        .type = instance_type_at(built_in[i].type),
                        .region = built_in[i].region,
                        .capacity = built_in[i].capacity,
                        .usd_per_hour = built_in[i].usd_per_hour,
                        .source = built_in[i].source,
                        .date = built_in[i].date,
                };
        qsort(list->rows, list->count, sizeof *list->rows, compare_rows);
        return list;
}

struct price_list *price_list_free(struct price_list *list) {
        if (!list)
                return NULL;
        arena_done(&list->texts);
        free(list->rows);
        free(list);
        return NULL;
}

const struct price *price_find(const struct price_list *list, const struct instance_type *type, const char *region,
                               enum capacity_type capacity) {
        const struct price wanted = { .type = type, .region = region, .capacity = capacity };
        return bsearch(&wanted, list->rows, list->count, sizeof *list->rows, compare_rows);
}

bool price_region_known(const struct price_list *list, const char *region) {
        for (size_t i = 0; i < list->count; i++)
                if (!strcmp(region, list->rows[i].region))
                        return true;
        return false;
}
