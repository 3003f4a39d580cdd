#include "core/plan/mode.h"

#include "base/mem.h"

#define WHOLE MODE_BIT(GPU_WHOLE)
#define MIG MODE_BIT(GPU_MIG)
#define MPS MODE_BIT(GPU_MPS)
#define TIME MODE_BIT(GPU_TIME_SLICING)

bool mode_slices_shared_out(const struct workload *w) {
        return w->request.kind != REQUEST_MIG && w->containers_with_gpu == w->request.count;
}

static bool several_gpus(const struct mode_question *q) {
        return q->workload->request.kind == REQUEST_GPUS && q->workload->request.count > 1;
}

static bool several_slices(const struct mode_question *q) {
        return q->workload->request.count > 1 && !mode_slices_shared_out(q->workload);
}

static bool talks_to_gpus(const struct mode_question *q) {
        return q->workload->nccl;
}

static bool whole_in_trace(const struct mode_question *q) {
        return q->need->exact && q->need->milli >= 1000;
}

static bool share_in_trace(const struct mode_question *q) {
        return q->need->exact;
}

static bool nothing_known(const struct mode_question *q) {
        return !need_known(q->need);
}

static bool draws(const struct mode_question *q) {
        return q->workload->graphics;
}

static bool forced(const struct mode_question *q) {
        return q->workload->mode_forced;
}

static bool named(const struct mode_question *q) {
        return q->workload->request.kind == REQUEST_MIG || q->workload->request.mode != GPU_WHOLE;
}

static bool wants_hardware(const struct mode_question *q) {
        return q->workload->isolation == ISOLATION_HARDWARE;
}

static bool wants_memory(const struct mode_question *q) {
        return q->workload->isolation == ISOLATION_MEMORY;
}

static bool wants_steady(const struct mode_question *q) {
        return q->workload->latency == LATENCY_STRICT;
}

static bool mostly_idle(const struct mode_question *q) {
        const struct usage *u = &q->workload->usage;
        bool patient = q->workload->latency == LATENCY_BATCH || q->workload->latency == LATENCY_INTERACTIVE;
        return patient && u->present && u->sm_p50 >= 0 && u->sm_p50 <= MODE_IDLE_ACTIVITY;
}

static bool often_busy(const struct mode_question *q) {
        return !mostly_idle(q);
}

static const struct mode_rule rules[] = {
        { "several-gpus", MODE_HARDWARE, several_gpus, WHOLE,
          "several GPUs in one pod, and MIG slices and shares have no P2P or NVLink to others" },
        { "nccl", MODE_HARDWARE, talks_to_gpus, WHOLE, "it talks to other GPUs (NCCL); MIG slices and shares have no P2P or NVLink" },
        { "several-slices", MODE_HARDWARE, several_slices, WHOLE,
          "one container asks several slices, and a process can use only one MIG slice or share" },
        { "trace-whole", MODE_HARDWARE, whole_in_trace, WHOLE, "the trace asks whole GPUs" },
        { "not-measured", MODE_HARDWARE, nothing_known, WHOLE, "cannot be sliced: nothing measured, and it declares no size" },
        { "trace-share", MODE_HARDWARE, share_in_trace, MPS | TIME,
          "the trace gives a share of a GPU but no GPU memory, so no MIG profile can be chosen" },
        { "graphics", MODE_HARDWARE, draws, WHOLE | MIG | TIME, "graphics does not run under MPS, and on MIG only in +gfx profiles" },
        { "policy", MODE_PERSON, forced, 0, "the policy says so" },
        { "resource", MODE_PERSON, named, 0, "the resource it asks for names the mode" },
        { "isolation-hardware", MODE_DECLARED, wants_hardware, WHOLE | MIG,
          "hardware isolation is asked, and only MIG gives each slice its own memory, SMs and faults" },
        { "isolation-memory", MODE_DECLARED, wants_memory, WHOLE | MIG | MPS,
          "memory isolation is asked, and time-slicing has no memory limit" },
        { "latency-strict", MODE_DECLARED, wants_steady, WHOLE | MIG,
          "strict latency is asked, and neighbours on shared SMs would be felt" },
        { "idle", MODE_HABIT, mostly_idle, WHOLE | MIG | TIME,
          "mostly idle at the median, so turns are rarely waited for, and a crash stays alone" },
        { "habit", MODE_HABIT, often_busy, WHOLE | MIG | MPS, "neighbours' kernels run at the same time, within memory limits" },
};

const struct mode_rule mode_too_large = { "too-large", MODE_HARDWARE, NULL, WHOLE,
                                          "it needs more than the largest slice of any GPU it may use" };

static uint8_t asked_mode(const struct mode_rule *rule, const struct workload *w) {
        if (rule->applies == forced)
                return MODE_BIT(w->forced_mode);
        return w->request.kind == REQUEST_MIG ? MIG : MODE_BIT(w->request.mode);
}

struct mode_answer mode_choose(const struct mode_question *q) {
        uint8_t possible = MODES_ALL; /* whatever a person says */
        struct mode_answer answer = { .modes = q->modes_allowed ?: MODES_ALL };
        bool decided = false;

        for (size_t i = 0; i < ARRAY_SIZE(rules) && !decided; i++) {
                const struct mode_rule *rule = &rules[i];
                uint8_t left = answer.modes;

                if (!rule->applies(q))
                        continue;
                switch (rule->strength) {
                case MODE_HARDWARE:
                        possible &= rule->keep;
                        left = (answer.modes & rule->keep) ?: WHOLE;
                        break;
                case MODE_PERSON:
                        decided = (possible & asked_mode(rule, q->workload)) != 0;
                        if (decided)
                                left = asked_mode(rule, q->workload);
                        break;
                case MODE_DECLARED:
                        left = (answer.modes & rule->keep) ?: WHOLE;
                        break;
                case MODE_HABIT:
                        left = (answer.modes & rule->keep) ?: answer.modes;
                        break;
                }
                if (left != answer.modes && (!answer.rule || decided))
                        answer.rule = rule;
                answer.modes = left;
        }
        return answer;
}
