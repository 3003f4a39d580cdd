#include "core/cloud/price.h"

#include <math.h>

#include "../../unit.h"

DEFINE_CLEANUP(struct price_list *, price_list_free)

static double price_of(const struct price_list *list, const char *type, const char *region, enum capacity_type capacity) {
        const struct price *p = price_find(list, instance_type_find(type), region, capacity);
        return p ? p->usd_per_hour : -1;
}

/* Against the price column of Karpenter's own table; a type without a price there has none here. */
static void built_in_prices_are_the_published_ones(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();
        FILE *f = fopen(TEST_DATA "/karpenter-allocatable.csv", "r");
        assert_non_null(f);
        char line[256];
        unsigned priced = 0;

        assert_non_null(fgets(line, sizeof line, f));
        while (fgets(line, sizeof line, f)) {
                const char *last = strrchr(line, ',') + 1;
                double expected = strtod(last, NULL);

                *strchr(line, ',') = '\0';
                double price = price_of(list, line, "us-east-1", CAPACITY_ON_DEMAND);
                assert_true(fabs(price - (expected > 0 ? expected : -1)) < 1e-9);
                priced += expected > 0;
        }
        fclose(f);
        assert_int_equal(priced, 69);
}

static void rows_say_where_they_come_from(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();
        const struct price *p = price_find(list, instance_type_find("g6.xlarge"), PRICE_REGION_DEFAULT, CAPACITY_ON_DEMAND);

        assert_non_null(p);
        assert_string_equal(p->type->name, "g6.xlarge");
        assert_string_equal(p->date, "2026-07-20");
        assert_non_null(strstr(p->source, "karpenter-provider-aws"));
}

static void what_has_no_price_is_not_found(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();

        assert_null(price_find(list, instance_type_find("p5e.48xlarge"), "us-east-1", CAPACITY_ON_DEMAND));
        assert_null(price_find(list, instance_type_find("p6e-gb200.36xlarge"), "us-east-1", CAPACITY_ON_DEMAND));
        assert_null(price_find(list, instance_type_find("g6.xlarge"), "us-east-1", CAPACITY_SPOT));
        assert_null(price_find(list, instance_type_find("g6.xlarge"), "eu-west-1", CAPACITY_ON_DEMAND));
        assert_true(price_region_known(list, "us-east-1"));
        assert_false(price_region_known(list, "eu-west-1"));
}

static void capacity_types_have_karpenters_names(void **state) {
        (void)state;
        struct err e = { 0 };
        enum capacity_type type = CAPACITY_MAX;

        assert_ok(capacity_type_parse("spot", &type, &e), &e);
        assert_int_equal(type, CAPACITY_SPOT);
        assert_string_equal(capacity_type_name(CAPACITY_ON_DEMAND), "on-demand");
        assert_string_equal(capacity_type_name(CAPACITY_RESERVED), "reserved");
        assert_refused(capacity_type_parse("Spot", &type, &e), &e, "'Spot' is not a capacity type");
        assert_int_equal(type, CAPACITY_SPOT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(built_in_prices_are_the_published_ones),
                cmocka_unit_test(rows_say_where_they_come_from),
                cmocka_unit_test(what_has_no_price_is_not_found),
                cmocka_unit_test(capacity_types_have_karpenters_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
