#include <stdlib.h>

#include "core/plan/pack/engines.h"
#include "core/plan/pack/pack.h"

void pack_solution_free_nodes(struct pack_solution *s) {
        for (size_t n = 0; n < s->node_count; n++)
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        free(s->nodes[n].gpus[g].slices);
        for (size_t p = 0; p < s->pool_count; p++)
                for (unsigned g = 0; g < PACK_GPUS_MAX; g++)
                        free(s->pools[p].gpus[g].slots);
        free(s->nodes);
        free(s->pools);
        s->nodes = NULL;
        s->pools = NULL;
        s->node_count = s->pool_count = 0;
}

void pack_solution_done(struct pack_solution *s) {
        pack_solution_free_nodes(s);
        free(s->unplaced);
        *s = (struct pack_solution){ 0 };
}
