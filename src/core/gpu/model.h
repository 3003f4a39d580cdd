/* model: the GPUs carve knows, and how each may be cut. All of it is data (data/gpu/), compiled in.
 *
 * Sources of every row stand in data/gpu/SOURCES.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum gpu_mode { GPU_WHOLE, GPU_MIG, GPU_MPS, GPU_TIME_SLICING, GPU_MODE_MAX };
const char *gpu_mode_name(enum gpu_mode mode); /* "whole", "mig", "mps", "time-slicing" */
int gpu_mode_parse(const char *name, enum gpu_mode *ret_mode, struct err *e);

enum gpu_engine { GPU_ENGINE_COPY, GPU_ENGINE_DECODE, GPU_ENGINE_ENCODE, GPU_ENGINE_JPEG, GPU_ENGINE_OFA, GPU_ENGINE_MAX };

#define GPU_STARTS_MAX 12
#define GPU_PROFILES_MAX 16
#define GPU_PROFILE_ID_UNKNOWN 255
#define GPU_COMPUTE_PROFILES_MAX 5
#define GPU_PCI_IDS_MAX 6

/* How one MIG slice's compute may be divided: NVML's compute instances. */
struct gpu_compute_profile {
        uint8_t id;     /* NVML_COMPUTE_INSTANCE_PROFILE_*, which is also the id that NVML gives back */
        uint8_t slices; /* compute slices */
        uint8_t max_count;
        uint16_t sm; /* 0: not known */
};

struct gpu_profile {
        const char *name; /* as NVIDIA's tools print it: "1g.10gb+me" */
        uint8_t index;    /* in its model */
        uint8_t id;       /* NVML profile id (nvidia-smi mig -lgip), GPU_PROFILE_ID_UNKNOWN */
        uint8_t nvml;     /* NVML_GPU_INSTANCE_PROFILE_* */
        uint8_t compute_slices, memory_slices;
        uint32_t memory_mib; /* where nobody saw it printed: a careful 90 % of its share */
        uint16_t sm;         /* 0: not known */
        uint8_t engines[GPU_ENGINE_MAX];
        uint8_t max_count;
        uint8_t start_count;            /* 0: placements not known, so it is never placed */
        uint8_t starts[GPU_STARTS_MAX]; /* first memory slice of each placement, rising */
        uint8_t compute_count;
        struct gpu_compute_profile compute[GPU_COMPUTE_PROFILES_MAX]; /* by rising size; the last is the whole slice */
};

struct gpu_model {
        const char *key;     /* "A100-80GB", "l4": unique, as in --gpus */
        const char *product; /* "NVIDIA A100-SXM4-80GB", as NVML names it */
        const char *arch;    /* "ampere" */
        uint8_t cc_major, cc_minor;
        uint32_t memory_mib;
        float fp16_tflops; /* dense tensor throughput: what compares the models' compute (data/gpu/SOURCES.md) */
        bool mps;          /* Volta or later */
        bool nvlink;
        uint16_t pci_ids[GPU_PCI_IDS_MAX]; /* PCI device ids, the product's own first; 0: no more */
        uint8_t memory_slices;             /* 0: no MIG, or placements that nobody has published: names are known, layouts are not */
        uint8_t compute_slices;            /* 0: no MIG */
        uint8_t profile_count;
        const struct gpu_profile *profiles; /* [profile_count]; the one with all compute slices has the full GPU's engines */
};

/* All models, in catalogue order. */
size_t gpu_model_count(void);
const struct gpu_model *gpu_model_at(size_t index);

/* By key, product name or alias ("a100" is the 40 GB one, "h100" the 80 GB one; EC2's and Karpenter's names "rtx-pro-server-6000", "t4g").
 * Case does not matter, and blanks, '-' and '_' are the same (node label nvidia.com/gpu.product). NULL if unknown. */
const struct gpu_model *gpu_model_find(const char *key);

/* The key as people write it, for texts: EC2 gives some in lower case ("l4" is "L4"). Returns `title`. */
#define GPU_TITLE_MAX 64
const char *gpu_model_title(const struct gpu_model *model, char title[static GPU_TITLE_MAX]);
size_t gpu_model_index(const struct gpu_model *model);

static inline bool gpu_has_mig(const struct gpu_model *model) {
        return model->memory_slices > 0;
}

const struct gpu_profile *gpu_profile_find(const struct gpu_model *model, const char *name); /* NULL if it has none of that name */
