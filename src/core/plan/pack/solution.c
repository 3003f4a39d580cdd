#include <stdlib.h>

#include "core/plan/pack/pack.h"

void pack_solution_done(struct pack_solution *s) {
        for (size_t n = 0; n < s->node_count; n++)
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        free(s->nodes[n].gpus[g].slices);
        free(s->nodes);
        free(s->unplaced);
        *s = (struct pack_solution){ 0 };
}
