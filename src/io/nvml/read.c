/* read: a whole GPU as one value. */
#include "base/mem.h"
#include "io/nvml/look.h"

#define TEMPERATURE_OF_GPU 0 /* NVML_TEMPERATURE_GPU */
#define ECC_CORRECTED 0
#define ECC_UNCORRECTED 1
#define ECC_VOLATILE 0

static int look_device(struct job *job, nvmlDevice_t *ret_device, struct err *e) {
        nvmlReturn_t r = ASK(job, nvmlDeviceGetHandleByIndex_v2, job->gpu, ret_device);

        if (r == NVML_ERROR_INVALID_ARGUMENT)
                return err_set(e, ERR_NOT_FOUND, "there is no GPU %u here", job->gpu);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "GPU %u", job->gpu);
        return 0;
}

/* The catalogue knows products by name; a name that it does not know (an OEM's, an older driver's) may still be a known chip. */
static const struct gpu_model *model_of(const char *product, uint16_t pci_device_id) {
        const struct gpu_model *model = gpu_model_find(product);

        for (size_t i = 0; i < gpu_model_count() && !model && pci_device_id; i++)
                for (unsigned k = 0; k < GPU_PCI_IDS_MAX; k++)
                        if (gpu_model_at(i)->pci_ids[k] == pci_device_id)
                                model = gpu_model_at(i);
        return model;
}

static int look_identity(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu, struct err *e) {
        nvmlReturn_t r = ASK_TEXT(job, nvmlDeviceGetUUID, device, gpu->uuid);
        if (r == NVML_SUCCESS)
                r = ASK_TEXT(job, nvmlDeviceGetName, device, gpu->product);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "GPU %u", gpu->index);

        nvmlPciInfo_t pci = { 0 };
        unsigned minor;
        if (ASK(job, nvmlDeviceGetPciInfo_v3, device, &pci) == NVML_SUCCESS) {
                gpu->pci_device_id = (uint16_t)(pci.pciDeviceId >> 16);
                gpu->pci_vendor_id = (uint16_t)pci.pciDeviceId;
                gpu->pci_subsystem_id = (uint16_t)(pci.pciSubSystemId >> 16);
                gpu->pci_subsystem_vendor_id = (uint16_t)pci.pciSubSystemId;
                snprintf(gpu->bus_id, sizeof gpu->bus_id, "%.*s", (int)sizeof pci.busId, pci.busId);
        }
        gpu->minor = ASK(job, nvmlDeviceGetMinorNumber, device, &minor) == NVML_SUCCESS ? (int)minor : DRIVER_UNKNOWN;
        if (ASK_TEXT(job, nvmlDeviceGetSerial, device, gpu->serial) != NVML_SUCCESS)
                *gpu->serial = '\0';
        gpu->model = model_of(gpu->product, gpu->pci_device_id);
        return 0;
}

static int look_memory(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu, struct err *e) {
        nvmlMemory_v2_t v2 = { .version = NVML_VERSION(nvmlMemory_v2_t, 2) };
        nvmlMemory_t v1;

        if (ASK(job, nvmlDeviceGetMemoryInfo_v2, device, &v2) == NVML_SUCCESS) {
                gpu->memory_bytes = (int64_t)v2.total;
                gpu->used_bytes = (int64_t)v2.used;
                gpu->reserved_bytes = (int64_t)v2.reserved;
                return 0;
        }
        nvmlReturn_t r = ASK(job, nvmlDeviceGetMemoryInfo, device, &v1);
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "GPU %u: its memory", gpu->index);
        gpu->memory_bytes = (int64_t)v1.total;
        gpu->used_bytes = (int64_t)v1.used;
        gpu->reserved_bytes = DRIVER_UNKNOWN;
        return 0;
}

static int look_mode(struct job *job, nvmlDevice_t device, struct driver_gpu *gpu, struct err *e) {
        unsigned current, pending;
        nvmlReturn_t r = ASK(job, nvmlDeviceGetMigMode, device, &current, &pending);

        if (r == NVML_ERROR_NOT_SUPPORTED || r == NVML_ERROR_FUNCTION_NOT_FOUND)
                return 0; /* a GPU, or a driver, without MIG */
        if (r != NVML_SUCCESS)
                return job_fail(job, r, e, "GPU %u: its MIG mode", gpu->index);
        gpu->mig_capable = true;
        gpu->mig_on = current == NVML_DEVICE_MIG_ENABLE;
        gpu->mig_pending_on = pending == NVML_DEVICE_MIG_ENABLE;
        return 0;
}

/* One number that a GPU may not have. */
#define NUMBER(job, call, device, ...)                                                                                                     \
        ({                                                                                                                                 \
                unsigned _number = 0;                                                                                                      \
                ASK(job, call, device, ##__VA_ARGS__, &_number) == NVML_SUCCESS ? (int)_number : DRIVER_UNKNOWN;                           \
        })

static void look_sensors(struct job *job, nvmlDevice_t device, struct driver_sensors *sensors) {
        nvmlUtilization_t use;

        *sensors = (struct driver_sensors){ .gpu_percent = DRIVER_UNKNOWN, .memory_percent = DRIVER_UNKNOWN };
        if (ASK(job, nvmlDeviceGetUtilizationRates, device, &use) == NVML_SUCCESS) {
                sensors->gpu_percent = (int)use.gpu;
                sensors->memory_percent = (int)use.memory;
        }
        sensors->temperature_c = NUMBER(job, nvmlDeviceGetTemperature, device, TEMPERATURE_OF_GPU);
        sensors->power_mw = NUMBER(job, nvmlDeviceGetPowerUsage, device);
        sensors->power_limit_mw = NUMBER(job, nvmlDeviceGetEnforcedPowerLimit, device);
}

static int64_t ecc_count(struct job *job, nvmlDevice_t device, unsigned kind) {
        unsigned long long count;

        return ASK(job, nvmlDeviceGetTotalEccErrors, device, kind, ECC_VOLATILE, &count) == NVML_SUCCESS ? (int64_t)count : DRIVER_UNKNOWN;
}

static void look_health(struct job *job, nvmlDevice_t device, struct driver_health *health) {
        unsigned on, pending_on, corrected, uncorrected, pending, failed;

        health->ecc_on = health->rows_pending = health->rows_failed = DRIVER_UNKNOWN;
        if (ASK(job, nvmlDeviceGetEccMode, device, &on, &pending_on) == NVML_SUCCESS)
                health->ecc_on = on != 0;
        health->ecc_corrected = ecc_count(job, device, ECC_CORRECTED);
        health->ecc_uncorrected = ecc_count(job, device, ECC_UNCORRECTED);
        if (ASK(job, nvmlDeviceGetRemappedRows, device, &corrected, &uncorrected, &pending, &failed) == NVML_SUCCESS) {
                health->rows_pending = pending != 0;
                health->rows_failed = failed != 0;
        }
}

int look_gpu(struct job *job, unsigned what, nvmlDevice_t *ret_device, struct driver_gpu *gpu, struct err *e) {
        nvmlDevice_t device;
        int r = look_device(job, &device, e);

        gpu->index = job->gpu;
        if (r == 0)
                r = look_identity(job, device, gpu, e);
        if (r == 0)
                r = look_memory(job, device, gpu, e);
        if (r == 0)
                r = look_mode(job, device, gpu, e);
        if (r == 0 && what & LOOK_CHANGES && gpu->mig_capable) {
                look_profiles(job, device, gpu);
                r = look_slices(job, device, gpu, e);
        }
        if (r < 0)
                return r;
        if (what & LOOK_PROCESSES)
                look_processes(job, device, gpu);
        for (unsigned i = 0; i < gpu->slice_count; i++)
                for (unsigned k = 0; k < gpu->process_count; k++)
                        gpu->slices[i].process_count += gpu->processes[k].gi_id == gpu->slices[i].id;
        if (what & LOOK_SENSORS) {
                look_sensors(job, device, &gpu->sensors);
                look_health(job, device, &gpu->health);
        }
        *ret_device = device;
        return job_check(job, e);
}

/* ---- jobs ---- */

struct read_job {
        struct job job;
        struct driver_gpu gpu;
};

static int run_read(struct job *job, struct err *e) {
        struct read_job *read = (struct read_job *)job;
        nvmlDevice_t device;

        return look_gpu(job, LOOK_ALL, &device, &read->gpu, e);
}

static void done_read(struct job *job) {
        driver_gpu_done(&((struct read_job *)job)->gpu);
}

/* Numbers that were not asked for are not zero. */
static void set_unknown(struct driver_gpu *gpu) {
        gpu->minor = DRIVER_UNKNOWN;
        gpu->memory_bytes = gpu->used_bytes = gpu->reserved_bytes = DRIVER_UNKNOWN;
        gpu->sensors = (struct driver_sensors){ DRIVER_UNKNOWN, DRIVER_UNKNOWN, DRIVER_UNKNOWN, DRIVER_UNKNOWN, DRIVER_UNKNOWN };
        gpu->health.ecc_on = gpu->health.rows_pending = gpu->health.rows_failed = DRIVER_UNKNOWN;
        gpu->health.ecc_corrected = gpu->health.ecc_uncorrected = DRIVER_UNKNOWN;
}

static void copy_identity(const struct driver_gpu *from, struct driver_gpu *to) {
        memcpy(to->uuid, from->uuid, sizeof to->uuid);
        memcpy(to->product, from->product, sizeof to->product);
        memcpy(to->serial, from->serial, sizeof to->serial);
        memcpy(to->bus_id, from->bus_id, sizeof to->bus_id);
        to->model = from->model;
        to->minor = from->minor;
        to->memory_bytes = from->memory_bytes;
        to->pci_device_id = from->pci_device_id;
        to->pci_vendor_id = from->pci_vendor_id;
        to->pci_subsystem_id = from->pci_subsystem_id;
        to->pci_subsystem_vendor_id = from->pci_subsystem_vendor_id;
}

static void remember(struct driver *d, const struct driver_gpu *gpu) {
        if (gpu->index >= DRIVER_GPUS_MAX)
                return;
        pthread_mutex_lock(&d->mutex);
        copy_identity(gpu, &d->known[gpu->index]);
        pthread_mutex_unlock(&d->mutex);
}

static void recall(struct driver *d, struct driver_gpu *gpu) {
        pthread_mutex_lock(&d->mutex);
        if (*d->known[gpu->index].uuid)
                copy_identity(&d->known[gpu->index], gpu);
        pthread_mutex_unlock(&d->mutex);
}

const char *driver_fault_name(enum driver_fault fault) {
        static const char *const names[DRIVER_FAULT_MAX] = { "", "lost", "needs-reset", "hangs", "refuses" };

        return names[fault];
}

/* Of a job that ended: one that was left behind still writes. */
static enum driver_fault fault_of(const struct job *job, int r) {
        if (r == -ERR_AGAIN)
                return DRIVER_HANGS;
        if (job->failed == NVML_ERROR_GPU_IS_LOST)
                return DRIVER_LOST;
        return job->failed == NVML_ERROR_RESET_REQUIRED ? DRIVER_NEEDS_RESET : DRIVER_REFUSES;
}

static int read_gpu(struct driver *d, unsigned index, struct driver_gpu *ret_gpu, enum driver_fault *ret_fault, struct err *e) {
        struct read_job *read = job_new(sizeof *read, d->lib, index, d->deadline_ms, run_read);

        read->job.done = done_read;
        set_unknown(&read->gpu);
        int r = driver_do(d, &read->job, e);
        if (r == 0) {
                *ret_gpu = read->gpu;
                read->gpu.processes = NULL;
                remember(d, ret_gpu);
        } else {
                *ret_fault = fault_of(&read->job, r);
        }
        job_unref(&read->job);
        return r;
}

int driver_read_gpu(struct driver *d, unsigned index, struct driver_gpu *ret_gpu, struct err *e) {
        enum driver_fault ignored;

        return read_gpu(d, index, ret_gpu, &ignored, e);
}

void driver_gpu_done(struct driver_gpu *gpu) {
        free(gpu->processes);
        gpu->processes = NULL;
        gpu->process_count = 0;
}

struct count_job {
        struct job job;
        unsigned count;
};

static int run_count(struct job *job, struct err *e) {
        struct count_job *count = (struct count_job *)job;
        nvmlReturn_t r = ASK(job, nvmlDeviceGetCount_v2, &count->count);

        return r == NVML_SUCCESS ? 0 : job_fail(job, r, e, "the GPUs cannot be counted");
}

static int count_gpus(struct driver *d, unsigned *ret_count, struct err *e) {
        struct count_job *count = job_new(sizeof *count, d->lib, JOB_NO_GPU, d->deadline_ms, run_count);

        int r = driver_do(d, &count->job, e);
        if (r == 0)
                *ret_count = MIN(count->count, (unsigned)DRIVER_GPUS_MAX);
        job_unref(&count->job);
        return r;
}

int driver_read(struct driver *d, struct driver_node *ret_node, struct err *e) {
        unsigned count = 0;
        int r = count_gpus(d, &count, e);
        if (r < 0)
                return r;

        struct driver_node node = { .gpu_count = count, .gpus = mem_zalloc(MAX(count, 1u), sizeof *node.gpus) };
        for (unsigned i = 0; i < count; i++) {
                struct driver_gpu *gpu = &node.gpus[i];
                struct err fault = { 0 };
                r = read_gpu(d, i, gpu, &gpu->health.fault_kind, &fault);
                if (r == 0)
                        continue;
                if (driver_is_gone(d)) {
                        driver_node_done(&node);
                        *e = fault;
                        return r;
                }
                gpu->index = i;
                set_unknown(gpu);
                recall(d, gpu);
                snprintf(gpu->health.fault, sizeof gpu->health.fault, "%s", fault.text);
        }
        *ret_node = node;
        return 0;
}

void driver_node_done(struct driver_node *node) {
        for (unsigned i = 0; i < node->gpu_count; i++)
                driver_gpu_done(&node->gpus[i]);
        free(node->gpus);
        *node = (struct driver_node){ 0 };
}
