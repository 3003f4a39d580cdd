/* fake: a driver library of a handful of functions, for what a simulated node cannot show: libraries of other ages, calls that hang, codes
 * at any place. Built several times from fake.c, once for each age.
 */
#pragma once

#include <stdatomic.h>

#define FAKE_GPUS 2

/* The library exports one of these under the name `fake_control`. */
struct fake_control {
        const char *_Atomic fail_call; /* the call that answers fail_code, on every GPU */
        atomic_int fail_code;
        const char *_Atomic hang_call; /* the call that hangs until it is no longer named here, on GPU hang_gpu */
        atomic_uint hang_gpu;
        atomic_uint hanging; /* calls that hang now */
        atomic_bool endless; /* texts fill all the room there is, without an end */
        atomic_uint inits;   /* nvmlInit less nvmlShutdown */
        atomic_uint sets;    /* event sets made less those freed */
};
