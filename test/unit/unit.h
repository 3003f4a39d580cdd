/* unit: what every unit test includes: cmocka in the order it wants, and checks for our error convention. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

/* `call` succeeds; otherwise the test fails with the error's own words. */
#define assert_ok(call, e)                                                                                                                 \
        do {                                                                                                                               \
                if ((call) < 0)                                                                                                            \
                        fail_msg("%s", (e)->text);                                                                                         \
        } while (0)

/* `r` is a failure whose text contains `part`. */
#define assert_refused(r, e, part)                                                                                                         \
        do {                                                                                                                               \
                assert_true((r) < 0);                                                                                                      \
                if (!strstr((e)->text, part))                                                                                              \
                        fail_msg("\"%s\" does not say \"%s\"", (e)->text, part);                                                           \
        } while (0)
