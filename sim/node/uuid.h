/* uuid: the identifiers that NVIDIA's kernel driver gives GPUs and MIG devices.
 *
 * Version 5 UUIDs over the chip's number, the GPU's own 64 bits (PDI) and, for MIG, the GPU instance's id and first compute slice
 * (open-gpu-kernel-modules 595.45, gpu_uuid.c). So the same slice made again has the same UUID.
 */
#pragma once

#include <stdint.h>

void uuid_gpu(uint16_t chip, uint64_t pdi, uint8_t uuid[16]);
/* `serial` is 0, or makes every instance another one. */
void uuid_mig(uint16_t chip, uint64_t pdi, uint32_t gi_id, uint32_t first_slice, uint32_t serial, uint8_t uuid[16]);

/* "c816c9a3-5224-56bf-9d9a-ac7ea703fb5b" */
#define UUID_TEXT 37
void uuid_print(const uint8_t uuid[16], char text[UUID_TEXT]);
