/* load: what a GPU does, beyond what its processes make it do. */
#include <stddef.h>

#include "sim/node/reading.h"
#include "sim/tool/folder.h"
#include "sim/tool/place.h"
#include "sim/tool/scenario.h"
#include "sim/tool/tool.h"

/* One row per number: its option, the field of struct node_load it sets, its unit in help and in the node, its maximum. */
#define NUMBERS(X)                                                                                                                         \
        X("util", gpu_percent, "PCT", 1, 100, "Utilisation of the SMs")                                                                    \
        X("memory-util", memory_percent, "PCT", 1, 100, "Utilisation of memory bandwidth")                                                 \
        X("encoder", encoder_percent, "PCT", 1, 100, "Utilisation of the video encoders")                                                  \
        X("decoder", decoder_percent, "PCT", 1, 100, "Utilisation of the video decoders")                                                  \
        X("jpeg", jpeg_percent, "PCT", 1, 100, "Utilisation of the JPEG decoders")                                                         \
        X("ofa", ofa_percent, "PCT", 1, 100, "Utilisation of the optical flow unit")                                                       \
        X("fan", fan_percent, "PCT", 1, 100, "Fan speed, on boards with fans")                                                             \
        X("temperature", temperature_c, "C", 1, SCENARIO_TEMPERATURE_MAX, "Temperature in degrees Celsius (0: follows the utilisation)")   \
        X("power", power_mw, "W", 1000, SCENARIO_WATTS_MAX, "Power in watts (0: follows the utilisation)")                                 \
        X("sm-clock", sm_clock_mhz, "MHZ", 1, SCENARIO_MHZ_MAX, "SM clock in MHz (0: follows the utilisation)")                            \
        X("pcie-tx", pcie_tx_kib_s, "MIB/S", 1024, SCENARIO_TRAFFIC_MAX, "What it sends over PCIe, in MiB/s")                              \
        X("pcie-rx", pcie_rx_kib_s, "MIB/S", 1024, SCENARIO_TRAFFIC_MAX, "What it receives over PCIe, in MiB/s")                           \
        X("nvlink-tx", nvlink_tx_mib_s, "MIB/S", 1, SCENARIO_TRAFFIC_MAX, "What it sends over NVLink, in MiB/s")                           \
        X("nvlink-rx", nvlink_rx_mib_s, "MIB/S", 1, SCENARIO_TRAFFIC_MAX, "What it receives over NVLink, in MiB/s")

struct args {
        unsigned gpu;
#define FIELD_OF(option, field, ...) unsigned field;
        NUMBERS(FIELD_OF)
#undef FIELD_OF
};

#define GIVEN(value) ((value) != TOOL_UNSET)

static void set_numbers(struct node_load *load, const struct args *args) {
#define SET(option, field, unit, scale, ...)                                                                                               \
        if (GIVEN(args->field))                                                                                                            \
                load->field = (__typeof__(load->field))(args->field * scale);
        NUMBERS(SET)
#undef SET
}

static bool any_given(const struct args *args) {
#define OR(option, field, ...) || GIVEN(args->field)
        return false NUMBERS(OR);
#undef OR
}

static int change_load(struct node *n, void *context, uint64_t now_us, struct err *e) {
        const struct args *args = context;

        int r = args->gpu == TOOL_UNSET ? 0 : place_check_gpu(n, args->gpu, e);

        if (r < 0)
                return r;
        for (unsigned g = 0; g < n->gpu_count; g++) {
                if (args->gpu != TOOL_UNSET && args->gpu != g)
                        continue;
                reading_settle(n, g, now_us);
                set_numbers(&n->gpus[g].load, args);
        }
        return 0;
}

static int run_load(const struct cmd_run *run, struct err *e) {
        const char *dir;
        int r = tool_dir(run, &dir, e);

        if (r >= 0 && !any_given(run->args))
                r = err_set(e, ERR_USAGE, "say what the load is, as --util 80");
        return r < 0 ? r : folder_edit(dir, change_load, run->args, e);
}

static void set_defaults(void *a) {
#define NOT_GIVEN(option, field, ...) .field = TOOL_UNSET,
        *(struct args *)a = (struct args){ .gpu = TOOL_UNSET, NUMBERS(NOT_GIVEN) };
#undef NOT_GIVEN
}

static const struct cmd_option options[] = {
        { .name = "What to set:" },
        { .name = "gpu",
          .letter = 'g',
          .value = VALUE_COUNT,
          .arg = "I",
          .help = "Of this GPU only (default: of all)",
          .offset = offsetof(struct args, gpu),
          .max = NODE_GPUS_MAX - 1 },
#define ROW(option, field, unit, scale, most, text)                                                                                        \
        { .name = option, .value = VALUE_COUNT, .arg = unit, .help = text, .offset = offsetof(struct args, field), .max = most },
        NUMBERS(ROW)
#undef ROW
                { 0 },
};

const struct cmd cmd_load = {
        .name = "load",
        .operands = "DIR",
        .operands_max = 1,
        .summary = "Set what a GPU does beyond its processes",
        .description = "What is not named stays as it was.",
        .examples = "  carve-sim load node --gpu 0 --util 95 --power 380",
        .options = options,
        .args_bytes = sizeof(struct args),
        .set_defaults = set_defaults,
        .run = run_load,
};
