#include "sim/tool/inject.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/tool/fields.h"
#include "sim/tool/place.h"
#include "sim/tool/words.h"

const char *const inject_names[] = {
        [ACCIDENT_XID] = "xid",
        [ACCIDENT_ECC] = "ecc",
        [ACCIDENT_LOST] = "lost",
        [ACCIDENT_HANG] = "hang",
        [ACCIDENT_SLOW] = "slow",
        [ACCIDENT_FAIL] = "fail",
        [ACCIDENT_FAIL_CREATE] = "fail-create",
        [ACCIDENT_CLIENT] = "client",
        [ACCIDENT_MAX] = NULL,
};

/* What can be said of an accident. */
enum {
        SAYS_GPU = 1 << 0,
        SAYS_SLICE = 1 << 1,
        SAYS_XID = 1 << 2,
        SAYS_MS = 1 << 3,
        SAYS_TIMES = 1 << 4,
        SAYS_COUNT = 1 << 5,
        SAYS_UNCORRECTED = 1 << 6,
        SAYS_DRAM = 1 << 7,
        SAYS_COMPUTE = 1 << 8,
        SAYS_OFF = 1 << 9,
        SAYS_CALL = 1 << 10,
        SAYS_CODE = 1 << 11,
};
static const char *const said_names[] = { "gpu",         "slice", "xid",     "ms",  "times", "count",
                                          "uncorrected", "dram",  "compute", "off", "call",  "code" };

static unsigned said(const struct injection *i) {
        const bool given[] = {
                i->gpu >= 0,         i->slice != NULL, i->xid >= 0,     i->ms >= 0,  i->times >= 0,   i->count >= 0,
                i->uncorrected >= 0, i->dram >= 0,     i->compute >= 0, i->off >= 0, i->call != NULL, i->code != NULL,
        };
        unsigned bits = 0;

        for (unsigned b = 0; b < ARRAY_SIZE(given); b++)
                bits |= given[b] ? 1u << b : 0;
        return bits;
}

struct rule {
        unsigned needs, may;
        int (*happen)(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e);
};

struct injection injection_new(void) {
        return (struct injection){ .accident = FIELD_UNSET,
                                   .gpu = FIELD_UNSET,
                                   .xid = FIELD_UNSET,
                                   .ms = FIELD_UNSET,
                                   .times = FIELD_UNSET,
                                   .count = FIELD_UNSET,
                                   .uncorrected = FIELD_UNSET,
                                   .dram = FIELD_UNSET,
                                   .compute = FIELD_UNSET,
                                   .off = FIELD_UNSET };
}

static int result(nvmlReturn_t r, const struct injection *i, struct err *e) {
        char code[WORDS_CODE_MAX];

        if (r == NVML_SUCCESS)
                return 0;
        return err_set(e, ERR_GPU, "%s: the simulated driver says %s", inject_names[i->accident], words_code(r, code));
}

static int happen_xid(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        uint32_t gi = NVML_NO_INSTANCE, ci = NVML_NO_INSTANCE;

        if (at->gi_slot != NODE_NONE) {
                const struct node_gi *instance = &n->gpus[at->gpu].gi[at->gi_slot];
                gi = instance->id;
                ci = at->ci_slot == NODE_NONE ? NVML_NO_INSTANCE : instance->ci[at->ci_slot].id;
        }
        return result(event_xid(n, at->gpu, (unsigned)i->xid, gi, ci, now_us), i, e);
}

static int happen_ecc(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        return result(event_ecc(n, at->gpu, i->uncorrected > 0, i->dram > 0, i->count < 0 ? 1 : (unsigned)i->count, now_us), i, e);
}

static int happen_lost(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        return result(event_lost(n, at->gpu, i->off <= 0, now_us), i, e);
}

static int happen_client(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        (void)now_us, (void)e;
        n->gpus[at->gpu].exclusive_client = i->off <= 0;
        return 0;
}

static int add_fault(struct node *n, const struct injection *i, const struct place *at, struct node_fault fault, const char *call,
                     struct err *e) {
        fault.gpu = at->gpu;
        fault.times = i->times < 0 ? fault.times : (uint32_t)i->times;
        snprintf(fault.call, sizeof fault.call, "%s", call ? call : "");
        nvmlReturn_t r = fault_add(n, &fault);
        if (r == NVML_ERROR_INSUFFICIENT_RESOURCES)
                return err_set(e, ERR_GPU, "%d faults are set already, and there is no room for more: clear some", NODE_FAULTS_MAX);
        return result(r, i, e);
}

static int happen_hang(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        (void)now_us;
        return add_fault(n, i, at, (struct node_fault){ .kind = FAULT_HANG }, i->call, e);
}

static int happen_slow(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        (void)now_us;
        return add_fault(n, i, at, (struct node_fault){ .kind = FAULT_SLOW, .delay_ms = (uint32_t)i->ms }, i->call, e);
}

static int happen_fail(struct node *n, const struct injection *i, const struct place *at, uint64_t now_us, struct err *e) {
        unsigned code = NVML_ERROR_INSUFFICIENT_RESOURCES;
        int r = i->code ? words_code_read(i->code, &code, e) : 0;

        (void)now_us;
        if (r < 0)
                return r;
        struct node_fault fault = { .kind = FAULT_FAIL, .code = (uint16_t)code };
        if (i->accident == ACCIDENT_FAIL)
                return add_fault(n, i, at, fault, i->call, e);
        fault.times = 1;
        return add_fault(n, i, at, fault, i->compute > 0 ? "nvmlGpuInstanceCreateComputeInstance*" : "nvmlDeviceCreateGpuInstance*", e);
}

static const struct rule rules[] = {
        [ACCIDENT_XID] = { SAYS_XID, SAYS_GPU | SAYS_SLICE, happen_xid },
        [ACCIDENT_ECC] = { SAYS_GPU, SAYS_UNCORRECTED | SAYS_DRAM | SAYS_COUNT, happen_ecc },
        [ACCIDENT_LOST] = { SAYS_GPU, SAYS_OFF, happen_lost },
        [ACCIDENT_HANG] = { 0, SAYS_GPU | SAYS_CALL, happen_hang },
        [ACCIDENT_SLOW] = { SAYS_MS, SAYS_GPU | SAYS_CALL | SAYS_TIMES, happen_slow },
        [ACCIDENT_FAIL] = { SAYS_CODE, SAYS_GPU | SAYS_CALL | SAYS_TIMES, happen_fail },
        [ACCIDENT_FAIL_CREATE] = { 0, SAYS_GPU | SAYS_CODE | SAYS_TIMES | SAYS_COMPUTE, happen_fail },
        [ACCIDENT_CLIENT] = { SAYS_GPU, SAYS_OFF, happen_client },
};

int inject_check(const struct injection *i, const char *dashes, struct err *e) {
        const struct rule *rule = &rules[i->accident];
        const char *name = inject_names[i->accident];
        unsigned given = said(i), ignored;

        for (unsigned b = 0; b < ARRAY_SIZE(said_names); b++) {
                if (rule->needs & ~given & 1u << b)
                        return err_set(e, ERR_USAGE, "%s needs %s%s", name, 1u << b == SAYS_XID ? "" : dashes,
                                       1u << b == SAYS_XID ? "the number of the XID" : said_names[b]);
                if (given & ~(rule->needs | rule->may) & 1u << b)
                        return err_set(e, ERR_USAGE, "%s has no %s%s", name, dashes, said_names[b]);
        }
        if (i->accident == ACCIDENT_XID && !(given & (SAYS_GPU | SAYS_SLICE)))
                return err_set(e, ERR_USAGE, "xid needs %sgpu or %sslice", dashes, dashes);
        if (i->call) {
                int r = words_call_check(i->call, e);
                if (r < 0)
                        return r;
        }
        return i->code ? words_code_read(i->code, &ignored, e) : 0;
}

int inject(struct node *n, const struct injection *i, uint64_t now_us, struct err *e) {
        struct place at = { NODE_NONE, NODE_NONE, NODE_NONE };
        int r = place_check_gpu(n, i->gpu, e);

        if (r < 0)
                return r;
        if (i->gpu >= 0)
                at.gpu = (uint8_t)i->gpu;
        if (i->slice && (r = place_read(n, at.gpu, i->slice, &at, e)) < 0)
                return r;
        return rules[i->accident].happen(n, i, &at, now_us, e);
}
