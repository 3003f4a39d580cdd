#include "sim/node/account.h"

#include <string.h>

#include "sim/node/process.h"

static uint8_t add_percent(unsigned a, unsigned b) {
        return (uint8_t)(a + b < 100 ? a + b : 100);
}

static bool account_of_running(const struct node *n, unsigned gpu, uint32_t pid, struct node_account *ret_account) {
        struct node_account sum = { .pid = 0 };

        for (int i = process_next(n, 0, gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX); i >= 0;
             i = process_next(n, (unsigned)i + 1, gpu, NODE_NONE, NODE_NONE, PROCESS_KIND_MAX)) {
                const struct node_process *p = &n->processes[i];
                if (p->pid != pid)
                        continue;
                if (!sum.pid || p->start_us < sum.start_us)
                        sum.start_us = p->start_us;
                sum.pid = pid;
                sum.gpu_percent = add_percent(sum.gpu_percent, p->sm_percent);
                sum.memory_percent = add_percent(sum.memory_percent, p->memory_percent);
                sum.memory_bytes += p->memory_bytes;
        }
        if (sum.pid)
                *ret_account = sum;
        return sum.pid != 0;
}

bool account_of(const struct node *n, unsigned gpu, uint32_t pid, struct node_account *ret_account) {
        const struct node_gpu *at = &n->gpus[gpu];

        if (pid == 0) /* an empty place */
                return false;
        if (account_of_running(n, gpu, pid, ret_account))
                return true;
        for (unsigned i = 0; i < NODE_ACCOUNTS_MAX; i++)
                if (at->accounts[i].pid == pid) {
                        *ret_account = at->accounts[i];
                        return true;
                }
        return false;
}

static unsigned add_pid(uint32_t pids[ACCOUNT_PIDS_MAX], unsigned count, uint32_t pid) {
        for (unsigned i = 0; i < count; i++)
                if (pids[i] == pid)
                        return count;
        pids[count] = pid;
        return count + 1;
}

unsigned account_pids(const struct node *n, unsigned gpu, uint32_t pids[ACCOUNT_PIDS_MAX]) {
        unsigned count = 0;

        for (unsigned i = 0; i < n->process_count; i++)
                if (n->processes[i].gpu == gpu)
                        count = add_pid(pids, count, n->processes[i].pid);
        for (unsigned i = 0; i < NODE_ACCOUNTS_MAX; i++)
                if (n->gpus[gpu].accounts[i].pid)
                        count = add_pid(pids, count, n->gpus[gpu].accounts[i].pid);
        return count;
}

/* The newest stands first. An older one of the same pid cannot be asked for any more, so its place is taken. */
static void keep(struct node_gpu *gpu, const struct node_account *account) {
        unsigned at = 0;

        while (at < NODE_ACCOUNTS_MAX - 1 && gpu->accounts[at].pid && gpu->accounts[at].pid != account->pid)
                at++;
        memmove(&gpu->accounts[1], &gpu->accounts[0], at * sizeof gpu->accounts[0]);
        gpu->accounts[0] = *account;
}

void account_close(struct node *n, uint32_t pid, uint64_t now_us) {
        for (unsigned i = 0; i < n->gpu_count; i++) {
                struct node_account account;
                if (!n->gpus[i].accounting_mode || !account_of_running(n, i, pid, &account))
                        continue;
                account.end_us = now_us > account.start_us ? now_us : account.start_us;
                keep(&n->gpus[i], &account);
        }
}

void account_forget(struct node_gpu *gpu) {
        memset(gpu->accounts, 0, sizeof gpu->accounts);
}

void account_switch(struct node_gpu *gpu, bool on) {
        gpu->accounting_mode = on;
        if (!on)
                account_forget(gpu);
}
