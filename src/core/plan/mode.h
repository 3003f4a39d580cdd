/* mode: which ways of cutting a GPU a workload may be planned with, by a table of rules.
 *
 * The rules stand in mode.c in the order they are asked: what hardware forbids, what a person decided, what the workload declares, what is
 * the better habit. Each keeps some modes and drops the rest; the first that dropped something is the one told to the reader.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/plan/demand.h"
#include "core/plan/size.h"

#define MODE_BIT(mode) ((uint8_t)(1u << (mode)))
#define MODES_ALL ((uint8_t)((1u << GPU_MODE_MAX) - 1))

struct mode_question {
        const struct workload *workload;
        const struct need *need;
        uint8_t modes_allowed; /* of this run (--modes); 0 = all */
};

/* The order is also the strength. */
enum mode_strength {
        MODE_HARDWARE, /* leaves nothing: whole GPUs */
        MODE_PERSON,   /* goes over --modes and over what the workload declares, not over hardware */
        MODE_DECLARED, /* leaves nothing: whole GPUs, which keep every promise */
        MODE_HABIT,    /* leaves nothing: not applied */
};

struct mode_rule {
        const char *key;
        enum mode_strength strength;
        bool (*applies)(const struct mode_question *q);
        uint8_t keep;    /* modes; MODE_PERSON: the one that was asked */
        const char *why; /* a clause, for "whole GPUs: …" */
};

struct mode_answer {
        uint8_t modes;                /* never 0 */
        const struct mode_rule *rule; /* that decided; NULL: nothing but --modes narrowed the choice */
};

/* Found only when the sizes are known: no slice of any GPU it may use is large enough. */
extern const struct mode_rule mode_too_large;

struct mode_answer mode_choose(const struct mode_question *q);

/* Is this slice one that several containers of the pod can share out among them (each gets one)? */
bool mode_slices_shared_out(const struct workload *w);

/* Mostly idle: so little SM activity at the median that taking turns costs nobody anything. */
#define MODE_IDLE_ACTIVITY 0.05f
