/* words: numbers and decisions as a reader says them, the same in every form of the report. All append to a buffer.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "core/plan/plan.h"
#include "core/report/view.h"

#define HOURS_PER_YEAR 8760

void words_count(struct buf *b, uint64_t count);                         /* "12,363" */
void words_counted(struct buf *b, uint64_t count, const char *singular); /* "1 node", "12,363 nodes" */
void words_dollars(struct buf *b, double usd);                           /* "$12,363", "$41.22", "$0.0041" */
void words_dollars_short(struct buf *b, double usd);                     /* "$45.6M", "$380K", "$912" */
void words_percent(struct buf *b, double percent);                       /* "42 %", "0.08 %": two digits that mean something */
void words_mib(struct buf *b, uint64_t mib);                             /* "512 MiB", "5.9 GiB" */
void words_milli(struct buf *b, uint32_t milli);                         /* "0.47", "1" */

const char *words_mode(enum gpu_mode mode); /* "MIG", "MPS", "time-slicing", "whole" */

void words_gpu(struct buf *b, const struct gpu_model *gpu);   /* "L4", "A100-80GB" */
void words_a_gpu(struct buf *b, const struct gpu_model *gpu); /* "an L4", "a T4", "a GPU" for NULL */

/* What a workload asks for today ("1 GPU", "0.47 GPU", "2 x mig-1g.10gb") and what it gets ("8gb of an L4, MPS"). */
void words_asks(struct buf *b, const struct workload *w);
void words_gets(struct buf *b, const struct plan_workload *w);

/* "g6.8xlarge" or "g6.8xlarge (spot)"; its GPUs: "1 x L4". */
void words_type(struct buf *b, const struct instance_type *type, enum capacity_type capacity);
void words_type_gpus(struct buf *b, const struct instance_type *type);

/* "612 GPUs shared by MPS, 68 whole, 2 empty" */
void words_cut(struct buf *b, const struct view_purchase *purchase);

/* "saves 42 %, $45.6M a year" / "costs 3 % more than today" / "" when today's cost is unknown. */
void words_saving(struct buf *b, const struct plan *p);
/* One or two sentences: how near to the cheapest possible plan this one is, and why it is not nearer. */
void words_proof(struct buf *b, const struct plan *p);
/* "Solved in 2.1 s: 41 rounds, 2,310 patterns." */
void words_solver(struct buf *b, const struct plan *p);
/* "us-east-1, on-demand" */
void words_place(struct buf *b, const struct plan *p);

/* What a reader can do next. Each step: a sentence, and the command that does it ("" if none). */
struct words_step {
        char text[200], command[400];
};
#define WORDS_STEPS_MAX 8
size_t words_steps(const struct view *v, struct words_step steps[WORDS_STEPS_MAX]);
