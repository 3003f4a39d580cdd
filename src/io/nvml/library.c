#include "io/nvml/library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define LIBRARY_VARIABLE "CARVE_NVML_LIBRARY"

enum need { OPTIONAL, REQUIRED };

/* One row for each function: its name and where its address goes. */
static const struct symbol {
        const char *name;
        unsigned since;
        enum need need;
        size_t offset;
} symbols[] = {
#define CALL(type, name, since, need, arguments) { #name, since, need, offsetof(struct calls, name) },
#include "io/nvml/calls.def"
#undef CALL
};

unsigned library_since(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
                if (strcmp(symbols[i].name, name) == 0)
                        return symbols[i].since;
        return 0;
}

static void *open_library(const char *path, struct err *e) {
        static const char *const usual[] = { "libnvidia-ml.so.1", "libnvidia-ml.so" };
        char why[ERR_TEXT_MAX / 2] = "";

        if (!path)
                path = getenv(LIBRARY_VARIABLE);
        bool named = path && *path;
        for (size_t i = 0; i < (named ? 1 : ARRAY_SIZE(usual)); i++) {
                void *handle = dlopen(named ? path : usual[i], RTLD_NOW | RTLD_LOCAL);
                if (handle)
                        return handle;
                if (!*why)
                        snprintf(why, sizeof why, "%s", dlerror());
        }
        err_set(e, ERR_NOT_FOUND,
                "no NVIDIA driver library (%s). Install the driver (nvidia-smi must work here); in a container, pass it in with the NVIDIA "
                "container toolkit; or name it in " LIBRARY_VARIABLE ". To try without GPUs, make a simulated node with carve-sim",
                why);
        return NULL;
}

static int find_symbols(struct library *lib, struct err *e) {
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                void *address = dlsym(lib->handle, symbols[i].name);

                if (!address && symbols[i].need == REQUIRED)
                        return err_set(e, ERR_GPU, "%s is not an NVIDIA driver library that carve can use: it has no %s",
                                       lib->about.library, symbols[i].name);
                memcpy((char *)&lib->calls + symbols[i].offset, &address, sizeof address);
        }
        return 0;
}

/* Drivers 535.43 to 535.86 had an entry of 32 bytes behind the name that means 24 before and after. Known by what else they had: the
 * confidential computing call of R535, but not yet the process list that the longer entry was then moved to. */
static bool has_long_process_entries(void *handle) {
        return dlsym(handle, "nvmlDeviceGetComputeRunningProcesses_v3") && dlsym(handle, "nvmlDeviceGetConfComputeMemSizeInfo") &&
               !dlsym(handle, "nvmlDeviceGetRunningProcessDetailList");
}

static void keep_path(struct library *lib, const char *asked) {
        struct link_map *map = NULL;

        if (dlinfo(lib->handle, RTLD_DI_LINKMAP, &map) == 0 && map && map->l_name && *map->l_name)
                asked = map->l_name;
        snprintf(lib->about.library, sizeof lib->about.library, "%s", asked ? asked : "libnvidia-ml.so.1");
}

int library_load(const char *path, struct library **ret_library, struct err *e) {
        void *handle = open_library(path, e);
        if (!handle)
                return -ERR_NOT_FOUND;

        struct library *lib = mem_zalloc(1, sizeof *lib);
        lib->handle = handle;
        lib->refs = 1;
        pthread_mutex_init(&lib->mutex, NULL);
        keep_path(lib, path);
        lib->process_entries_long = has_long_process_entries(handle);
        int r = find_symbols(lib, e);
        if (r < 0) {
                library_unref(lib);
                return r;
        }
        *ret_library = lib;
        return 0;
}

struct library *library_ref(struct library *lib) {
        pthread_mutex_lock(&lib->mutex);
        lib->refs++;
        pthread_mutex_unlock(&lib->mutex);
        return lib;
}

void library_unref(struct library *lib) {
        pthread_mutex_lock(&lib->mutex);
        bool last = --lib->refs == 0;
        pthread_mutex_unlock(&lib->mutex);
        if (!last)
                return;
        if (lib->initialised)
                lib->calls.nvmlShutdown();
        dlclose(lib->handle);
        pthread_mutex_destroy(&lib->mutex);
        free(lib);
}

bool library_gone(struct library *lib) {
        pthread_mutex_lock(&lib->mutex);
        bool gone = lib->gone;
        pthread_mutex_unlock(&lib->mutex);
        return gone;
}
