/* lock: DIR/lock, held with flock by the one who writes; and one byte of DIR/state for each GPU, held by the one who changes that GPU for
 * as long as hardware would take. Each holder has a descriptor of its own, so that threads and forks exclude each other too. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* `operation`: LOCK_EX or LOCK_SH. Returns a descriptor of its own, or ERR_AGAIN when `wait_ms` have passed. */
int lock_take(const char *dir, int operation, int wait_ms, struct err *e);
int lock_take_gpu(const char *dir, unsigned gpu, int wait_ms, struct err *e);
void lock_drop(int fd);
void lock_drop_gpu(int fd);

int64_t lock_now_ms(void); /* of a clock that only goes forward */
