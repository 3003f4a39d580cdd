/* What is set to go wrong (sim/node/fault.h), done to the calls it names. */
#include "sim/node/fault.h"

#include "sim/nvml/client.h"

#define HANG_LOOK_MS 1000 /* a hung call looks so often whether it is still initialised */

/* Faults of any GPU that name the call strike when it begins; those of one GPU, and those of all calls on GPUs, when it is known which GPU
 * the call is about. So none strikes twice. */
static bool strikes(const struct node_fault *fault, unsigned gpu) {
        return gpu == NODE_NONE || fault->gpu == gpu || !fault->call[0];
}

static bool counted(const struct node_fault *fault) {
        return fault->times > 0 && fault->kind != FAULT_HANG; /* a hang lasts until it is cleared */
}

static unsigned collect(const struct node *n, const char *name, unsigned gpu, struct node_fault hits[NODE_FAULTS_MAX]) {
        unsigned count = 0;
        for (int i = fault_next(n, 0, name, gpu); i >= 0 && count < NODE_FAULTS_MAX; i = fault_next(n, (unsigned)i + 1, name, gpu))
                if (strikes(&n->faults[i], gpu))
                        hits[count++] = n->faults[i];
        return count;
}

/* The same, and each counted one is used once, by nobody else. */
static unsigned collect_and_use(struct node *n, const char *name, unsigned gpu, struct node_fault hits[NODE_FAULTS_MAX]) {
        unsigned count = 0, from = 0;
        for (int i = fault_next(n, from, name, gpu); i >= 0 && count < NODE_FAULTS_MAX; i = fault_next(n, from, name, gpu)) {
                unsigned before = n->fault_count, at = (unsigned)i;
                if (strikes(&n->faults[at], gpu)) {
                        hits[count++] = n->faults[at];
                        if (counted(&n->faults[at]))
                                fault_use(n, at);
                }
                from = n->fault_count < before ? at : at + 1;
        }
        return count;
}

/* Without `mutex`. A state that cannot be written counts nothing, and the faults strike all the same. */
static unsigned use(const struct call *call, unsigned gpu, struct node_fault hits[NODE_FAULTS_MAX], unsigned count) {
        struct store_write w;
        if (!call->writes)
                pthread_mutex_lock(&client.writer);
        if (client_lock(&w) == NVML_SUCCESS) {
                count = collect_and_use(&client.working, symbol_name(call->symbol), gpu, hits);
                client_unlock(&w, count > 0);
        }
        if (!call->writes)
                pthread_mutex_unlock(&client.writer);
        return count;
}

static bool still_set(const struct node *n, const struct node_fault *fault) {
        for (unsigned i = 0; i < n->fault_count; i++)
                if (n->faults[i].kind == fault->kind && n->faults[i].gpu == fault->gpu && strcmp(n->faults[i].call, fault->call) == 0)
                        return true;
        return false;
}

static nvmlReturn_t strike(struct call *call, const struct node_fault *fault) {
        switch (fault->kind) {
        case FAULT_SLOW:
                call_sleep(call, (uint64_t)fault->delay_ms * 1000);
                return client_look();
        case FAULT_HANG:
                while (still_set(&client.snapshot, fault)) {
                        call_wait(call, HANG_LOOK_MS);
                        TRY(client_look());
                }
                return NVML_SUCCESS;
        case FAULT_FAIL:
                return (nvmlReturn_t)fault->code;
        default:
                return NVML_SUCCESS;
        }
}

nvmlReturn_t call_suffer(struct call *call, unsigned gpu) {
        struct node_fault hits[NODE_FAULTS_MAX];
        if (!call->node->fault_count)
                return NVML_SUCCESS;
        unsigned count = collect(call->node, symbol_name(call->symbol), gpu, hits);
        if (!count)
                return NVML_SUCCESS;

        bool locked = call->locked, any_counted = false;
        for (unsigned i = 0; i < count; i++)
                any_counted = any_counted || counted(&hits[i]);
        if (locked)
                call_unlock(call);
        if (any_counted) {
                pthread_mutex_unlock(&client.mutex);
                count = use(call, gpu, hits, count);
                pthread_mutex_lock(&client.mutex);
                TRY(client_look());
        }
        for (unsigned i = 0; i < count; i++)
                TRY(strike(call, &hits[i]));
        return locked ? call_lock(call) : NVML_SUCCESS;
}
