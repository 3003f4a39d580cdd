#include "sim/nvml/call.h"

#include <fcntl.h>
#include <unistd.h>

#include "sim/nvml/client.h"
#include "sim/store/descriptor.h"

struct client client = { .mutex = PTHREAD_MUTEX_INITIALIZER, .writer = PTHREAD_MUTEX_INITIALIZER };

/* Not by the initialiser, which would put two nodes of zeros into the file: half as much again as all the rest. */
__attribute__((constructor)) static void close_stores(void) {
        client.store.fd = client.writing.fd = -1;
}

static const struct {
        const char *name;
        uint16_t since; /* driver branch */
} symbols[] = {
#define SYMBOL(name, since) { #name, since },
#include "sim/nvml/symbols.def"
#undef SYMBOL
};

const char *symbol_name(enum symbol symbol) {
        return symbols[symbol].name;
}

static uint64_t now_us(void) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void client_say(const char *text) {
        if (strncmp(client.said, text, sizeof client.said - 1) == 0)
                return;
        snprintf(client.said, sizeof client.said, "%s", text);
        const struct descriptor_quiet quiet = descriptor_quiet_begin();
        fprintf(stderr, "libnvidia-ml (carve-sim): %s\n", text);
        descriptor_quiet_end(&quiet);
}

nvmlReturn_t client_look(void) {
        struct err e;
        if (!client.inits)
                return NVML_ERROR_UNINITIALIZED;
        if (store_refresh(&client.store, &client.snapshot, NULL, &e) < 0) {
                client_say(e.text);
                return NVML_ERROR_UNKNOWN;
        }
        return client.snapshot.boot == client.boot ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

/* A second descriptor of the same folder, for use without the mutex. */
static nvmlReturn_t store_of_our_own(struct store *ret_own) {
        int fd = fcntl(client.store.fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return NVML_ERROR_INSUFFICIENT_RESOURCES;
        *ret_own = client.store;
        ret_own->fd = fd;
        return NVML_SUCCESS;
}

static nvmlReturn_t code_of(const struct err *e) {
        switch (e->code) {
        case ERR_AGAIN:
                return NVML_ERROR_TIMEOUT;
        case ERR_SYSTEM:
                return client.writing.read_only ? NVML_ERROR_NO_PERMISSION : NVML_ERROR_OPERATING_SYSTEM;
        default:
                return NVML_ERROR_UNKNOWN;
        }
}

/* Says what happened. Without `mutex`, which guards what was said last. */
static nvmlReturn_t complain(const struct err *e) {
        pthread_mutex_lock(&client.mutex);
        client_say(e->text);
        pthread_mutex_unlock(&client.mutex);
        return code_of(e);
}

nvmlReturn_t client_lock(struct store_write *w) {
        struct err e;
        pthread_mutex_lock(&client.mutex);
        nvmlReturn_t r = client_look();
        if (r == NVML_SUCCESS)
                r = store_of_our_own(&client.writing);
        uint64_t boot = client.boot;
        pthread_mutex_unlock(&client.mutex);
        TRY(r);

        if (store_begin(&client.writing, w, &client.working, &e) < 0) {
                store_close(&client.writing);
                return complain(&e);
        }
        if (client.working.boot != boot) {
                client_unlock(w, false);
                return NVML_ERROR_UNINITIALIZED;
        }
        return NVML_SUCCESS;
}

nvmlReturn_t client_unlock(struct store_write *w, bool publish) {
        struct err e;
        int r = store_end(&client.writing, w, publish ? &client.working : NULL, &e);
        store_close(&client.writing);
        return r < 0 && publish ? complain(&e) : NVML_SUCCESS;
}

nvmlReturn_t call_lock(struct call *call) {
        pthread_mutex_unlock(&client.mutex);
        nvmlReturn_t r = client_lock(&call->write);
        pthread_mutex_lock(&client.mutex);
        TRY(r);
        call->locked = true;
        call->now_us = now_us();
        call->node = call->working = &client.working;
        return NVML_SUCCESS;
}

void call_unlock(struct call *call) {
        call->locked = false;
        call->node = &client.snapshot;
        pthread_mutex_unlock(&client.mutex);
        client_unlock(&call->write, false);
        pthread_mutex_lock(&client.mutex);
}

/* What a call holds unless it waits: `writer` before `mutex`. */
static void hold(const struct call *call) {
        if (call->writes)
                pthread_mutex_lock(&client.writer);
        pthread_mutex_lock(&client.mutex);
}

static void let_go(const struct call *call) {
        pthread_mutex_unlock(&client.mutex);
        if (call->writes)
                pthread_mutex_unlock(&client.writer);
}

static nvmlReturn_t begin(struct call *call) {
        TRY(client_look());
        if (client.snapshot.driver_major < symbols[call->symbol].since)
                return NVML_ERROR_FUNCTION_NOT_FOUND;
        if (call->writes && client.unprivileged)
                return NVML_ERROR_NO_PERMISSION;
        TRY(call_suffer(call, NODE_NONE));
        return call->writes ? call_lock(call) : NVML_SUCCESS;
}

/* A thread that is cancelled inside would never unlock. */
nvmlReturn_t call_begin(struct call *call, enum symbol symbol, bool write) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel);
        call->symbol = symbol;
        call->open = true;
        call->writes = write;
        hold(call);
        call->now_us = now_us();
        call->node = &client.snapshot;
        return begin(call);
}

nvmlReturn_t call_commit(struct call *call, nvmlReturn_t r) {
        if (!call->locked || r != NVML_SUCCESS)
                return r;
        call->locked = false;
        pthread_mutex_unlock(&client.mutex);
        r = client_unlock(&call->write, true);
        pthread_mutex_lock(&client.mutex);
        return r;
}

void call_end(struct call *call) {
        if (!call->open)
                return;
        if (call->locked)
                call_unlock(call);
        call->open = false;
        let_go(call);
        if (call->tries)
                store_drop_gpu(call->gpu_hold);
        pthread_setcancelstate(call->cancel, NULL);
}

nvmlReturn_t call_wait(struct call *call, int timeout_ms) {
        struct store own;
        struct err e;
        uint64_t generation = client.store.generation;
        TRY(store_of_our_own(&own));
        let_go(call);
        int r = store_wait(&own, generation, timeout_ms, &e);
        store_close(&own);
        hold(call);
        call->now_us = now_us();
        if (r < 0) {
                client_say(e.text);
                return NVML_ERROR_UNKNOWN;
        }
        TRY(client_look());
        return r == 0 ? NVML_SUCCESS : NVML_ERROR_TIMEOUT;
}

void call_sleep(struct call *call, uint64_t us) {
        struct timespec left = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000) };
        let_go(call);
        while (nanosleep(&left, &left) < 0)
                ;
        hold(call);
        call->now_us = now_us();
}

static nvmlReturn_t hold_gpu(struct call *call, unsigned gpu) {
        struct store own = client.store;
        struct err e;
        let_go(call);
        int r = store_hold_gpu(&own, gpu, &call->gpu_hold, &e);
        hold(call);
        if (r == 0)
                return NVML_SUCCESS;
        client_say(e.text);
        return code_of(&e);
}

bool call_again(struct call *call, unsigned gpu, unsigned real_ms, nvmlReturn_t *r) {
        uint64_t us = (uint64_t)real_ms * 10 * call->node->latency_percent;
        bool refused = *r != NVML_SUCCESS;
        if (call->tries == 0 ? !call->node->latency_percent : call->tries == 2 || refused || !us)
                return false;
        call_unlock(call);
        *r = NVML_SUCCESS;
        if (call->tries == 0)
                *r = hold_gpu(call, gpu);
        else
                call_sleep(call, us);
        if (*r == NVML_SUCCESS) {
                call->tries++;
                *r = call_lock(call);
        }
        return *r == NVML_SUCCESS;
}

bool call_privileged(void) {
        return !client.unprivileged;
}

nvmlReturn_t call_text(const char *text, char *buffer, unsigned length) {
        if (!buffer)
                return NVML_ERROR_INVALID_ARGUMENT;
        size_t size = strlen(text) + 1;
        if (length < size)
                return NVML_ERROR_INSUFFICIENT_SIZE;
        memcpy(buffer, text, size);
        return NVML_SUCCESS;
}
