/* size: how much of a GPU one pod needs, from what was measured and what it declares.
 *
 *     memory  = measured (p99, else max, else p95) + headroom, never below what is declared unless `below_request`
 *     compute = SM activity (p95, else max) + headroom, in fp16 Tflop/s of the GPU it was measured on, so that models compare
 *     share   = the larger of its part of the memory and its part of the compute (dominant share: then both fit), as memory rounded up to
 *               whole GiB or to a menu; so all slices of one name on one GPU model are the same, whoever takes them
 *
 * Measured and declared memory contain the process's own CUDA context (NVML counts it, and memory limits include it); under MPS the
 * server's context comes on top once per GPU.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/plan/demand.h"

/* What the MPS server itself takes of a GPU's memory (kai-scheduler/gpu-fractioning reserves as much). */
#define SIZE_MPS_SERVER_MIB 1024

/* CUDA MPS clients per GPU (NVIDIA MPS documentation, "Limitations", Volta and later). */
#define SIZE_MPS_CLIENTS_MAX 48

struct need {
        uint32_t memory_mib;       /* of one slice, after headroom; 0 = not known */
        uint16_t milli;            /* share of any GPU it asks for; 0 = none asked */
        bool exact;                /* a trace: `milli` is the share, and nothing is known of memory */
        float tflops;              /* compute after headroom; negative = not known so */
        float fraction;            /* the same as a part of whatever GPU, where the measured one has no name; negative = not known so */
        const char *memory_source; /* "p99", "maximum", "p95", "declared"; NULL = not known */
        uint32_t measured_mib;     /* before headroom; 0 = not measured */
        uint32_t declared_mib;
        float activity;                       /* SM activity before headroom; negative = not measured */
        const struct gpu_model *activity_gpu; /* it was measured on; NULL = not known */
        unsigned headroom_percent;
};

/* Is anything known by which the pod could get less than whole GPUs? */
static inline bool need_known(const struct need *n) {
        return n->memory_mib > 0 || n->milli > 0;
}

struct size_rules {
        double headroom_percent;
        bool below_request;
        const uint32_t *menu_mib; /* sizes a share may have, in any order; none = any whole GiB */
        size_t menu_count;
};

struct need size_need(const struct workload *w, bool is_trace, const struct size_rules *rules);

/* The need on a coarser scale: up to the next step of `grain` (0.1: steps of 10 %), or down to the last. */
struct need size_round(const struct need *n, double grain, bool up);

/* Compute as a part of `gpu`: above 1 = it is too slow; negative = not known. */
float size_compute(const struct need *n, const struct gpu_model *gpu);

struct share {
        uint32_t mib;   /* of memory, whole GiB or of the menu; 0 for a trace */
        uint16_t milli; /* of the GPU, 1..1000 */
};

/* A share of `gpu`, of whose memory processes can use `usable_mib`, for a pod of so many MPS clients. False if the need, as rounded, is
 * more than the GPU. */
bool size_share(const struct need *n, const struct gpu_model *gpu, uint32_t usable_mib, enum gpu_mode mode, unsigned clients,
                const struct size_rules *rules, struct share *ret_share);

/* Thousandths of a GPU that a share of `mib` is; above 1000 = more than it has. */
uint32_t size_milli(uint32_t mib, uint32_t usable_mib, enum gpu_mode mode);

/* The smallest MIG profile that holds the need: fewest memory slices, then fewest compute slices. Profiles with extra engines are not
 * taken, but for graphics ("+gfx"). `full`: may it be the whole GPU? NULL if none. */
const struct gpu_profile *size_profile(const struct need *n, const struct gpu_model *gpu, bool graphics, bool full);

/* Part of the GPU's SMs a profile has. */
float size_profile_compute(const struct gpu_model *gpu, const struct gpu_profile *profile);

/* Does the need fit the whole GPU? */
bool size_fits_whole(const struct need *n, const struct gpu_model *gpu, uint32_t usable_mib);
