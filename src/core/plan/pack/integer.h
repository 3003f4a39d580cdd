/* integer: from the LP's fractional plan to whole nodes. */
#pragma once

#include "core/plan/pack/exact.h"

/* Improve x->best until the gap asked for is reached, the tries are used up or time is over. CBC sets its own handler for SIGINT while it
 * works: a program that wants the signal keeps it blocked and waits for it in a thread of its own. */
void integer_improve(struct exact *x);
