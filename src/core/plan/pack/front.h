/* front: which of many (CPU, memory) points no earlier one undercuts. A staircase: CPU rises, memory falls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front {
        struct stair {
                uint32_t cpu_milli, memory_mib;
        } * stairs;
        size_t count, capacity;
};

static inline void front_clear(struct front *f) {
        f->count = 0;
}

/* True, and the point joins the front, unless a point of it needs no more of both. Offer the best first: what is refused is dominated. */
bool front_admit(struct front *f, uint32_t cpu_milli, uint32_t memory_mib);
void front_done(struct front *f);
