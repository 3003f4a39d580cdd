/* integer: from the LP's fractional plan to whole nodes. */
#pragma once

#include "core/plan/pack/exact.h"

/* Improve x->best until the gap asked for is reached, the tries are used up or time is over. */
void integer_improve(struct exact *x);
