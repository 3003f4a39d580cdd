/* symbols: a number for each exported function, in the order of symbols.def. */
#pragma once

enum symbol {
#define SYMBOL(name, since) SYMBOL_##name,
#include "sim/nvml/symbols.def"
#undef SYMBOL
        SYMBOL_COUNT
};
