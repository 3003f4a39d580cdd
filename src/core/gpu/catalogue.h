/* catalogue: the tables that scripts/gen-catalogue.py makes of data/gpu at build time. Private to core/gpu and core/cloud; everyone else
 * asks model.h.
 */
#pragma once

#include "core/gpu/model.h"

struct gpu_alias {
        const char *name; /* lower case, '-' for blanks and '_' */
        unsigned model;   /* index in catalogue_models */
};

extern const struct gpu_model catalogue_models[];
extern const size_t catalogue_model_count;
extern const struct gpu_alias catalogue_aliases[];
extern const size_t catalogue_alias_count;
