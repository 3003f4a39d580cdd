/* What ended processes leave behind. */
#include "node_of.h"
#include "sim/node/account.h"
#include "sim/node/process.h"

#define SECOND UINT64_C(1000000)

static void start(struct node *n, uint32_t pid, unsigned percent, uint64_t bytes, uint64_t now_us) {
        struct node_process p = {
                .pid = pid, .gi_id = NODE_NONE, .ci_id = NODE_NONE, .sm_percent = (uint8_t)percent, .memory_bytes = bytes
        };
        assert_int_equal(process_start(n, &p, now_us), NVML_SUCCESS);
}

static void end(struct node *n, uint32_t pid, uint64_t now_us) {
        assert_int_equal(process_end(n, pid, now_us), NVML_SUCCESS);
}

static void is_whole(const struct node *n) {
        struct err e = { 0 };
        assert_ok(node_check(n, &e), &e);
}

static void sums_up_a_process_and_keeps_it(void **state) {
        (void)state;
        struct node *n = node_of("H100-80GB", "590.48.01", false);
        struct node_account a = { 0 };
        account_switch(&n->gpus[0], true);
        start(n, 7, 60, 1000, NOW + 5 * SECOND);
        start(n, 7, 70, 500, NOW + 6 * SECOND); /* the same process, in another way: no more than all of the GPU */
        assert_false(account_of(n, 0, 8, &a));
        assert_true(account_of(n, 0, 7, &a));
        assert_int_equal(a.end_us, 0);
        end(n, 7, NOW + 9 * SECOND);
        assert_true(account_of(n, 0, 7, &a));
        assert_int_equal(a.gpu_percent, 100);
        assert_int_equal(a.memory_bytes, 1500);
        assert_int_equal(a.start_us, NOW + 5 * SECOND);
        assert_int_equal(a.end_us, NOW + 9 * SECOND);
        is_whole(n);

        start(n, 7, 1, 0, NOW + 20 * SECOND); /* the pid comes again: first the one that runs counts, then the one that ended last */
        assert_true(account_of(n, 0, 7, &a));
        assert_int_equal(a.end_us, 0);
        end(n, 7, NOW + 21 * SECOND);
        assert_true(account_of(n, 0, 7, &a));
        assert_int_equal(a.end_us, NOW + 21 * SECOND);
        uint32_t pids[ACCOUNT_PIDS_MAX];
        assert_int_equal(account_pids(n, 0, pids), 1);
        free(n);
}

/* One more than there is room for, each of which ends; and one that still runs. */
static void forgets_the_oldest(void **state) {
        (void)state;
        struct node *n = node_of("H100-80GB", "590.48.01", false);
        struct node_account a;
        uint32_t pids[ACCOUNT_PIDS_MAX];
        account_switch(&n->gpus[0], true);
        start(n, 1000, 0, 0, NOW);
        for (uint32_t pid = 1; pid <= NODE_ACCOUNTS_MAX + 1; pid++) {
                start(n, pid, 0, 0, NOW);
                end(n, pid, NOW + pid);
        }
        assert_false(account_of(n, 0, 1, &a));
        for (uint32_t pid = 2; pid <= NODE_ACCOUNTS_MAX + 1; pid++) {
                assert_true(account_of(n, 0, pid, &a));
                assert_int_equal(a.end_us, NOW + pid);
        }
        assert_int_equal(account_pids(n, 0, pids), NODE_ACCOUNTS_MAX + 1);
        assert_int_equal(pids[0], 1000);
        is_whole(n);
        account_forget(&n->gpus[0]);
        assert_int_equal(account_pids(n, 0, pids), 1);
        free(n);
}

/* The mode off, MIG on (both kinds of switching), a reboot. */
static void what_ends_accounting(void **state) {
        (void)state;
        for (unsigned way = 0; way < 4; way++) {
                struct node *n = node_of(way == 2 ? "A100-80GB" : "H100-80GB", "590.48.01", false);
                struct node_account a;
                nvmlReturn_t activation;
                start(n, 6, 0, 0, NOW);
                end(n, 6, NOW + 1); /* before the mode was on */
                account_switch(&n->gpus[0], true);
                start(n, 7, 0, 0, NOW);
                end(n, 7, NOW + 1);
                assert_false(account_of(n, 0, 6, &a));
                assert_true(account_of(n, 0, 7, &a));
                if (way == 0)
                        account_switch(&n->gpus[0], false);
                else if (way < 3)
                        assert_int_equal(mig_set_mode(n, 0, NVML_DEVICE_MIG_ENABLE, NOW + 2, &activation), NVML_SUCCESS);
                else
                        node_reboot(n, NOW + 2);
                assert_int_equal(n->gpus[0].accounting_mode, 0);
                assert_false(account_of(n, 0, 7, &a));
                free(n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sums_up_a_process_and_keeps_it),
                cmocka_unit_test(forgets_the_oldest),
                cmocka_unit_test(what_ends_accounting),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
