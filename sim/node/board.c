#include "sim/node/reading.h"

/* In catalogue order. */
static const struct board boards[] = {
#include "board_rows.h"
};

const struct board *board_of(const struct gpu_model *model) {
        return &boards[gpu_model_index(model)];
}
