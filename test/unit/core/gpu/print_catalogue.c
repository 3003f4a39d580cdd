/* Print every profile of the catalogue, one a line, for test_catalogue.py. */
#include <stdio.h>

#include "core/gpu/model.h"

int main(void) {
        for (size_t i = 0; i < gpu_model_count(); i++) {
                const struct gpu_model *m = gpu_model_at(i);
                printf("%s|%s|%s|%u.%u|%u|%g|%s|%s|%u|%u\n", m->key, m->product, m->arch, m->cc_major, m->cc_minor, m->memory_mib,
                       (double)m->fp16_tflops, m->nvlink ? "yes" : "no", m->mps ? "yes" : "no", m->memory_slices, m->compute_slices);
                for (unsigned k = 0; k < m->profile_count; k++) {
                        const struct gpu_profile *p = &m->profiles[k];
                        printf("%s|%u|%s|%u|%u|%u|%u|%u|%u|%u|", m->key, p->index, p->name, p->id, p->nvml, p->compute_slices,
                               p->memory_slices, p->memory_mib, p->sm, p->max_count);
                        for (unsigned e = 0; e < GPU_ENGINE_MAX; e++)
                                printf("%u ", p->engines[e]);
                        printf("|");
                        for (unsigned s = 0; s < p->start_count; s++)
                                printf("%u ", p->starts[s]);
                        printf("\n");
                }
        }
        return 0;
}
