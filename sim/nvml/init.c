/* nvmlInit and nvmlShutdown. The environment is read when the first init succeeds or fails, and again when all were shut down:
 *
 *     CARVE_SIM=DIR                the node's folder (carve-sim); without one there is no driver
 *     CARVE_SIM_VISIBLE=LIST       what a container would see: only these GPUs and slices exist then (sim/nvml/visible.c)
 *     CARVE_SIM_UNPRIVILEGED=1     whoever is not root: calls that change the node answer NO_PERMISSION
 */
#include "sim/nvml/client.h"
#include "sim/nvml/event_set.h"
#include "sim/nvml/exports.h"
#include "sim/nvml/gpm.h"

static void before_fork(void) {
        pthread_mutex_lock(&client.mutex);
}

static void after_fork_parent(void) {
        pthread_mutex_unlock(&client.mutex);
}

/* The child has one thread: whoever else held `writer` is not there any more. It goes on with its parent's init count and handles. */
static void after_fork_child(void) {
        pthread_mutex_unlock(&client.mutex);
        client.writer = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        store_after_fork();
}

static void once(void) {
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static bool environment_says(const char *name) {
        const char *value = getenv(name);
        return value && *value && strcmp(value, "0") != 0;
}

static nvmlReturn_t open_node(void) {
        struct err e;
        const char *dir = getenv("CARVE_SIM");
        if (!dir || !*dir) {
                client_say("CARVE_SIM is not set: it names the folder of a simulated node, as `carve-sim new` makes one");
                return NVML_ERROR_DRIVER_NOT_LOADED;
        }
        if (client.store.fd >= 0)
                store_close(&client.store);
        int r = store_open(&client.store, dir, &e);
        if (r < 0) {
                client.store.fd = -1;
        } else {
                r = store_refresh(&client.store, &client.snapshot, NULL, &e);
                if (r < 0)
                        store_close(&client.store);
        }
        if (r < 0) {
                client_say(e.text);
                return e.code == ERR_IMPOSSIBLE ? NVML_ERROR_LIB_RM_VERSION_MISMATCH : NVML_ERROR_DRIVER_NOT_LOADED;
        }
        client.boot = client.snapshot.boot;
        visible_read(&client.snapshot, getenv("CARVE_SIM_VISIBLE"), &client.visible);
        client.unprivileged = environment_says("CARVE_SIM_UNPRIVILEGED");
        return NVML_SUCCESS;
}

/* With the mutex. After a reboot everything begins anew, whatever was counted before. */
static nvmlReturn_t count_init(void) {
        if (client_look() == NVML_ERROR_UNINITIALIZED) {
                client.inits = 0;
                TRY(open_node());
        }
        client.inits++;
        return NVML_SUCCESS;
}

static void shut_down(void) {
        if (--client.inits > 0)
                return;
        store_close(&client.store);
        event_sets_forget();
        gpm_samples_forget();
}

static nvmlReturn_t init(enum symbol symbol) {
        static pthread_once_t control = PTHREAD_ONCE_INIT;
        int cancel;
        pthread_once(&control, once);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
        pthread_mutex_lock(&client.mutex);
        nvmlReturn_t r = count_init();
        pthread_mutex_unlock(&client.mutex);
        pthread_setcancelstate(cancel, NULL);
        TRY(r);

        __attribute__((cleanup(call_end))) struct call call = { 0 };
        r = call_begin(&call, symbol, false);
        if (r != NVML_SUCCESS && client.inits)
                shut_down();
        return r;
}

EXPORT nvmlReturn_t nvmlInit(void) {
        return init(SYMBOL_nvmlInit);
}

EXPORT nvmlReturn_t nvmlInit_v2(void) {
        return init(SYMBOL_nvmlInit_v2);
}

/* The flags say what may be missing at a real driver: GPUs, or the right to attach them. */
EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
        (void)flags;
        return init(SYMBOL_nvmlInitWithFlags);
}

EXPORT nvmlReturn_t nvmlShutdown(void) {
        int cancel;
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
        pthread_mutex_lock(&client.mutex);
        nvmlReturn_t r = client.inits ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
        if (client.inits)
                shut_down();
        pthread_mutex_unlock(&client.mutex);
        pthread_setcancelstate(cancel, NULL);
        return r;
}
