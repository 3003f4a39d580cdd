#include "core/plan/pack/front.h"

#include <string.h>

#include "base/mem.h"

/* How many stairs need no more CPU. */
static size_t stairs_within(const struct front *f, uint32_t cpu_milli) {
        size_t low = 0, high = f->count;

        while (low < high) {
                size_t middle = (low + high) / 2;
                if (f->stairs[middle].cpu_milli <= cpu_milli)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool front_admit(struct front *f, uint32_t cpu_milli, uint32_t memory_mib) {
        size_t at = stairs_within(f, cpu_milli), undercut = at;

        if (at > 0 && f->stairs[at - 1].memory_mib <= memory_mib)
                return false;
        while (undercut < f->count && f->stairs[undercut].memory_mib >= memory_mib)
                undercut++;
        MEM_GROW(f->stairs, f->count, f->capacity);
        memmove(&f->stairs[at + 1], &f->stairs[undercut], (f->count - undercut) * sizeof *f->stairs);
        f->stairs[at] = (struct stair){ cpu_milli, memory_mib };
        f->count = f->count - (undercut - at) + 1;
        return true;
}

void front_done(struct front *f) {
        free(f->stairs);
        *f = (struct front){ 0 };
}
