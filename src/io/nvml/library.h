/* library: NVIDIA's driver library in memory, its functions found once. Private to io/nvml.
 *
 * Shared by the driver handle and every thread that is inside the library; who leaves last unloads it. A thread that a broken GPU holds
 * inside therefore keeps the code it stands on.
 */
#pragma once

#include <pthread.h>

#include "io/nvml/abi.h"
#include "io/nvml/driver.h"

struct calls {
#define CALL(type, name, since, need, arguments) type(*name) arguments;
#include "io/nvml/calls.def"
#undef CALL
};

struct job;

struct library {
        void *handle;
        struct calls calls;
        bool process_entries_long; /* RunningProcesses_v3 of R535.43 to .86 has entries of 32 bytes */
        struct driver_about about;

        pthread_mutex_t mutex; /* over what follows */
        unsigned refs;
        bool initialised;
        bool gone;                           /* restarted or unloaded since it was opened */
        struct job *stuck[DRIVER_STUCK_MAX]; /* jobs left behind inside the library, NULL: none */
};

/* Find and load it. Nothing is called yet. Errors: ERR_NOT_FOUND, ERR_GPU (not a driver library). */
int library_load(const char *path, struct library **ret_library, struct err *e);
struct library *library_ref(struct library *lib);
void library_unref(struct library *lib);

bool library_gone(struct library *lib);

/* The driver branch that brought this function; 0: in all that can do MIG. */
unsigned library_since(const char *name);
