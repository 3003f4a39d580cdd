/* price: what an hour of an instance type costs, by region and capacity type, with source and date.
 *
 * The built-in list is on-demand, us-east-1 (data/cloud/); p5e.48xlarge and p6e-gb200.36xlarge have no row in it, and what has no price
 * cannot be planned. A file overrides or adds rows (CSV):
 *     instance_type,region,capacity_type,usd_per_hour[,source[,date]]
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/cloud/instance.h"

enum capacity_type { CAPACITY_ON_DEMAND, CAPACITY_SPOT, CAPACITY_RESERVED, CAPACITY_MAX };
const char *capacity_type_name(enum capacity_type type); /* "on-demand", "spot", "reserved" */
int capacity_type_parse(const char *name, enum capacity_type *ret_type, struct err *e);

#define PRICE_REGION_DEFAULT "us-east-1"
#define PRICE_ROWS_MAX 65536

struct price {
        const struct instance_type *type;
        const char *region;
        enum capacity_type capacity;
        double usd_per_hour;
        const char *source, *date; /* "" if not given */
};

struct price_list; /* starts as the built-in list */
struct price_list *price_list_new(void);
struct price_list *price_list_free(struct price_list *list);

/* Read rows over the present ones; the texts are copied. An unknown instance type, a price that is not in 0.0001..10000, a repeated row,
 * more than PRICE_ROWS_MAX rows in all: ERR_INPUT with file and line; then nothing of the file is used. */
int price_list_read(struct price_list *list, const char *name, const char *text, size_t bytes, struct err *e);

/* NULL if the list has none. */
const struct price *price_find(const struct price_list *list, const struct instance_type *type, const char *region,
                               enum capacity_type capacity);
/* Does any row name this region? */
bool price_region_known(const struct price_list *list, const char *region);
