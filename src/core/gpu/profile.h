/* profile: names of MIG slices, exactly as NVIDIA's tools write them.
 *
 *     1g.10gb   1g.10gb+me   2g.48gb-me   1g.24gb+me.all   1c.2g.20gb   4g.96gb+gfx
 *
 * The resource form writes '+' as '.': nvidia.com/mig-1g.10gb.me. Name formula: go-nvlib getMigMemorySizeGB (data/gpu/SOURCES.md).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PROFILE_NAME_MAX 32

struct profile_name {
        uint8_t compute; /* the "1c." part; equals `slices` when not written */
        uint8_t slices;  /* the "2g" part */
        uint16_t gb;
        char attributes[16]; /* "", "+me", "-me", "+me.all", "+gfx" */
};

int profile_parse(const char *text, struct profile_name *ret_name, struct err *e);
void profile_print(const struct profile_name *name, char *text, size_t bytes);

/* "nvidia.com/mig-1g.10gb.me" <-> "1g.10gb+me". `resource` includes the domain. Errors: ERR_INPUT. */
void profile_to_resource(const char *profile, char *text, size_t bytes);
int profile_from_resource(const char *resource, char text[PROFILE_NAME_MAX], struct err *e);

/* The "10" of 1g.10gb: what NVIDIA's tools print for an instance of `memory_mib` on a GPU of `memory_total_mib`. */
unsigned profile_gb(uint32_t memory_mib, uint32_t memory_total_mib);
