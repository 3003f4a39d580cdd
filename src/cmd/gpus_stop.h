/* gpus_stop: Ctrl-C and SIGTERM while GPUs are changed or watched. They are heard between two steps, so that no slice and no page is left
 * half made and what was done can be told; the same signal again ends the program at once. Private to cmd. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct gpus_stop {
        struct sigaction old_int, old_term;
};
struct gpus_stop gpus_stop_begin(void);
bool gpus_stop_asked(void);
void gpus_stop_end(const struct gpus_stop *stop);
/* End the program by the signal that was heard, as who sent it expects. */
void gpus_stop_obey(void);
