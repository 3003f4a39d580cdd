/* mig_parts: what the files of mig share. Private to sim/node. */
#pragma once

#include "sim/node/node.h"

/* The driver's numbers ("swizzId") count the whole GPU, then its halves, quarters and eighths from the left. RTX PRO 6000's twelve memory
 * slices go by threes, like four (kmigmgrSwizzIdToSpan of open-gpu-kernel-modules 595.45; captures). */
#define MIG_GI_IDS 16 /* ids are below it */
unsigned mig_gi_id(const struct gpu_model *model, unsigned start, unsigned memory_slices);

/* The compute slice under the first memory slice. */
unsigned mig_first_slice(const struct gpu_model *model, unsigned start);

/* Numbers the MIG devices of a GPU anew, by GPU and compute instance id. */
void mig_number_devices(struct node_gpu *gpu);
