/* lock: DIR/lock, held with flock by the one who writes. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* `operation`: LOCK_EX or LOCK_SH. Returns a descriptor of its own, or ERR_AGAIN when `wait_ms` have passed. */
int lock_take(const char *dir, int operation, int wait_ms, struct err *e);
void lock_drop(int fd);

int64_t lock_now_ms(void); /* of a clock that only goes forward */
