/* inject: accidents and faults, as the command line and scenarios name them. */
#pragma once

#include "sim/node/node.h"

enum accident {
        ACCIDENT_XID,
        ACCIDENT_ECC,
        ACCIDENT_LOST,
        ACCIDENT_HANG,
        ACCIDENT_SLOW,
        ACCIDENT_FAIL,
        ACCIDENT_FAIL_CREATE,
        ACCIDENT_CLIENT,
        ACCIDENT_MAX
};

extern const char *const inject_names[]; /* by enum accident, ends with NULL */

#define INJECT_COUNT_MAX 1000000
#define INJECT_MS_MAX 3600000
#define INJECT_XID_MAX 65535

/* Numbers are FIELD_UNSET (-1) and texts NULL where nothing was said. */
struct injection {
        int64_t accident;
        int64_t gpu; /* of hang, slow, fail, fail-create: unset is any */
        int64_t xid, ms, times, count;
        int64_t uncorrected, dram, compute, off; /* 0 or 1 */
        const char *slice, *call, *code;
};

/* `*i` with nothing said. */
struct injection injection_new(void);

/* Does `i` say what its accident needs, and nothing else? `dashes` stands before names in messages: "--" or "". Errors: ERR_USAGE. */
int inject_check(const struct injection *i, const char *dashes, struct err *e);

/* Errors: ERR_USAGE, ERR_NOT_FOUND (no such GPU, slice, call), ERR_GPU (too many faults). */
int inject(struct node *n, const struct injection *i, uint64_t now_us, struct err *e);
