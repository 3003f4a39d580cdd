#include "sim/node/fault.h"

#include <string.h>

static bool is_code(unsigned code) {
        return code <= NVML_ERROR_RESET_TYPE_NOT_SUPPORTED || code == NVML_ERROR_UNKNOWN;
}

bool fault_is_sane(const struct node *n, const struct node_fault *fault) {
        return fault->kind > FAULT_NONE && fault->kind < FAULT_KIND_MAX && (fault->gpu < n->gpu_count || fault->gpu == NODE_NONE) &&
               is_code(fault->code) && fault->delay_ms <= FAULT_DELAY_MAX_MS && memchr(fault->call, '\0', sizeof fault->call);
}

nvmlReturn_t fault_add(struct node *n, const struct node_fault *fault) {
        if (!fault_is_sane(n, fault))
                return NVML_ERROR_INVALID_ARGUMENT;
        if (n->fault_count == NODE_FAULTS_MAX)
                return NVML_ERROR_INSUFFICIENT_RESOURCES;
        n->faults[n->fault_count++] = *fault;
        return NVML_SUCCESS;
}

/* "nvmlDeviceCreate*" names every call that begins so. */
static bool names(const struct node_fault *fault, const char *call) {
        size_t length = strlen(fault->call);

        if (length > 0 && fault->call[length - 1] == '*')
                return !strncmp(fault->call, call, length - 1);
        return length == 0 || !strcmp(fault->call, call);
}

/* A call that concerns no GPU meets only faults of all GPUs, and only where they name it. */
static bool concerns(const struct node_fault *fault, const char *call, unsigned gpu) {
        if (!names(fault, call))
                return false;
        if (fault->gpu == NODE_NONE)
                return gpu != NODE_NONE || fault->call[0];
        return fault->gpu == gpu;
}

int fault_next(const struct node *n, unsigned from, const char *call, unsigned gpu) {
        for (unsigned i = from; i < n->fault_count; i++)
                if (concerns(&n->faults[i], call, gpu))
                        return (int)i;
        return -1;
}

static void fault_remove(struct node *n, unsigned index) {
        n->fault_count--;
        memmove(&n->faults[index], &n->faults[index + 1], (n->fault_count - index) * sizeof n->faults[0]);
        n->faults[n->fault_count] = (struct node_fault){ 0 };
}

void fault_use(struct node *n, unsigned index) {
        if (n->faults[index].times && --n->faults[index].times == 0)
                fault_remove(n, index);
}

void fault_clear(struct node *n, unsigned gpu) {
        for (unsigned i = n->fault_count; i-- > 0;)
                if (gpu == NODE_NONE || n->faults[i].gpu == gpu)
                        fault_remove(n, i);
}
