/* price_list: the inside of a price list, shared by look-up (price.c) and reading (price_read.c). */
#pragma once

#include "base/arena.h"
#include "core/cloud/price.h"

struct price_list {
        struct price *rows; /* sorted by price_compare */
        size_t count;
        struct arena texts; /* regions, sources and dates of rows that were read */
};

int price_compare(const struct price *a, const struct price *b);
