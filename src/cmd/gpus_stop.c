#include "cmd/gpus_stop.h"

#include <stddef.h>

static volatile sig_atomic_t asked; /* the signal */

static void on_signal(int signal) {
        asked = signal;
}

/* Who started the program so that it does not hear a signal (nohup, a shell's background) is obeyed. */
static void listen_to(int signal, struct sigaction *ret_old) {
        const struct sigaction heard = { .sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND };

        sigaction(signal, NULL, ret_old);
        if (ret_old->sa_handler != SIG_IGN)
                sigaction(signal, &heard, NULL);
}

struct gpus_stop gpus_stop_begin(void) {
        struct gpus_stop stop;

        asked = 0;
        listen_to(SIGINT, &stop.old_int);
        listen_to(SIGTERM, &stop.old_term);
        return stop;
}

bool gpus_stop_asked(void) {
        return asked != 0;
}

void gpus_stop_end(const struct gpus_stop *stop) {
        sigaction(SIGINT, &stop->old_int, NULL);
        sigaction(SIGTERM, &stop->old_term, NULL);
}

void gpus_stop_obey(void) {
        raise((int)asked);
}
