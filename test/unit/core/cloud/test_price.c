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

static int read_text(struct price_list *list, const char *text, struct err *e) {
        return price_list_read(list, "prices.csv", text, strlen(text), e);
}

static void a_file_overrides_and_adds(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();
        struct err e = { 0 };

        assert_ok(read_text(list,
                            "instance_type,region,capacity_type,usd_per_hour,source,date\n"
                            "g6.xlarge,us-east-1,on-demand,0.5,our contract,2026-10-01\n"
                            "p5e.48xlarge,us-east-1,reserved,39.8,,\n"
                            "g6.xlarge,eu-west-1,spot,0.25,\"quoted, with comma\",\n",
                            &e),
                  &e);
        assert_true(price_of(list, "g6.xlarge", "us-east-1", CAPACITY_ON_DEMAND) == 0.5);
        assert_true(price_of(list, "g6.xlarge", "eu-west-1", CAPACITY_SPOT) == 0.25);
        assert_true(price_of(list, "p5e.48xlarge", "us-east-1", CAPACITY_RESERVED) == 39.8);
        assert_true(price_of(list, "g6.2xlarge", "us-east-1", CAPACITY_ON_DEMAND) == 0.9776);
        assert_true(price_region_known(list, "eu-west-1"));

        const struct price *p = price_find(list, instance_type_find("g6.xlarge"), "us-east-1", CAPACITY_ON_DEMAND);
        assert_string_equal(p->source, "our contract");
        assert_string_equal(p->date, "2026-10-01");

        /* A second file goes over the first; columns may stand in any order and source and date may be missing. */
        assert_ok(read_text(list, "usd_per_hour,capacity_type,region,instance_type\n0.6,on-demand,us-east-1,g6.xlarge\n", &e), &e);
        p = price_find(list, instance_type_find("g6.xlarge"), "us-east-1", CAPACITY_ON_DEMAND);
        assert_true(p->usd_per_hour == 0.6);
        assert_string_equal(p->source, "");
        assert_true(price_of(list, "g6.xlarge", "eu-west-1", CAPACITY_SPOT) == 0.25);
}

#define HEADER "instance_type,region,capacity_type,usd_per_hour\n"
#define GOOD "g6.xlarge,us-east-1,on-demand,0.1\n"

static const struct {
        const char *text, *error;
} bad_files[] = {
        { "instance_type,region,usd_per_hour\n", "prices.csv:1: no column 'capacity_type'" },
        { HEADER GOOD "g6.tiny,us-east-1,on-demand,1\n", "prices.csv:3: instance_type: 'g6.tiny' is not an EC2 GPU instance type" },
        { HEADER GOOD "g6.2xlarge,,on-demand,1\n", "prices.csv:3: region: ''" },
        { HEADER GOOD "g6.2xlarge,US East,on-demand,1\n", "prices.csv:3: region: 'US East'" },
        { HEADER GOOD "g6.2xlarge,us-east-1,ondemand,1\n", "prices.csv:3: capacity_type: 'ondemand' is not a capacity type" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot,-1\n", "prices.csv:3: usd_per_hour: '-1'" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot,0\n", "prices.csv:3: usd_per_hour: '0'" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot,1e9\n", "prices.csv:3: usd_per_hour: '1e9'" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot,$1\n", "prices.csv:3: usd_per_hour: '$1'" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot,\n", "prices.csv:3: usd_per_hour" },
        { HEADER GOOD "\ng6.2xlarge,us-east-1,spot,1\n" GOOD,
          "prices.csv:5: on-demand g6.xlarge in us-east-1 was already given in line 2" },
        { HEADER GOOD "g6.2xlarge,us-east-1,spot\n", "prices.csv:3" },
        { "", "prices.csv" },
};

static void a_bad_file_changes_nothing(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();
        for (unsigned i = 0; i < ARRAY_SIZE(bad_files); i++) {
                struct err e = { 0 };
                assert_refused(read_text(list, bad_files[i].text, &e), &e, bad_files[i].error);
                assert_int_equal(e.code, ERR_INPUT);
                assert_true(price_of(list, "g6.xlarge", "us-east-1", CAPACITY_ON_DEMAND) == 0.8048);
        }
}

/* Many regions: as many rows as a list may hold, and one more. */
static void the_list_has_a_maximum(void **state) {
        (void)state;
        _cleanup_(price_list_freep) struct price_list *list = price_list_new();
        char *text = mem_alloc(64u * (PRICE_ROWS_MAX + 2));
        size_t used = (size_t)snprintf(text, 64, HEADER);
        struct err e = { 0 };

        for (unsigned i = 0; i < PRICE_ROWS_MAX; i++)
                used += (size_t)snprintf(text + used, 64, "g6.xlarge,region-%u,spot,0.%u\n", i, i + 1);
        assert_refused(price_list_read(list, "prices.csv", text, used, &e), &e, "more prices than the list can hold (65536)");
        assert_false(price_region_known(list, "region-7"));

        used = (size_t)(strstr(text, "region-60000,") - text) - strlen("g6.xlarge,");
        assert_ok(price_list_read(list, "prices.csv", text, used, &e), &e);
        assert_true(price_of(list, "g6.xlarge", "region-59999", CAPACITY_SPOT) == 0.6);
        assert_true(price_of(list, "g6.xlarge", "region-7", CAPACITY_SPOT) == 0.8);
        assert_true(price_of(list, "g6.xlarge", "us-east-1", CAPACITY_ON_DEMAND) == 0.8048);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(built_in_prices_are_the_published_ones),
                cmocka_unit_test(rows_say_where_they_come_from),
                cmocka_unit_test(what_has_no_price_is_not_found),
                cmocka_unit_test(capacity_types_have_karpenters_names),
                cmocka_unit_test(a_file_overrides_and_adds),
                cmocka_unit_test(a_bad_file_changes_nothing),
                cmocka_unit_test(the_list_has_a_maximum),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
