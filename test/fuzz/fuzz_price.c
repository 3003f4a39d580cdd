/* Price files: whatever stands in one, the list stays whole, and a refused file changes nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "core/cloud/price.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        const struct instance_type *type = instance_type_find("g6.xlarge");
        struct price_list *list = price_list_new();
        struct err e = { 0 };
        int r = price_list_read(list, "fuzz", (const char *)data, bytes, &e);
        const struct price *p = price_find(list, type, PRICE_REGION_DEFAULT, CAPACITY_ON_DEMAND);

        if (!p || !(p->usd_per_hour > 0) || (r < 0 && (p->usd_per_hour != 0.8048 || !e.text[0])))
                abort();
        price_list_free(list);
        return 0;
}
