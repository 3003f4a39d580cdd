/* device_link: NVLink, for its own calls, the field values and the neighbours. */
#pragma once

#include "sim/nvml/call.h"

bool link_is_up(const struct node *n, const struct target *t, unsigned link);
