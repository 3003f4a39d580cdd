#include "sim/tool/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/near.h"
#include "sim/nvml/symbols.h"

#define CODE(name)                                                                                                                         \
        { NVML_ERROR_##name, "NVML_ERROR_" #name }
static const struct {
        unsigned code;
        const char *name;
} codes[] = {
        { NVML_SUCCESS, "NVML_SUCCESS" },
        CODE(UNINITIALIZED),
        CODE(INVALID_ARGUMENT),
        CODE(NOT_SUPPORTED),
        CODE(NO_PERMISSION),
        CODE(ALREADY_INITIALIZED),
        CODE(NOT_FOUND),
        CODE(INSUFFICIENT_SIZE),
        CODE(INSUFFICIENT_POWER),
        CODE(DRIVER_NOT_LOADED),
        CODE(TIMEOUT),
        CODE(IRQ_ISSUE),
        CODE(LIBRARY_NOT_FOUND),
        CODE(FUNCTION_NOT_FOUND),
        CODE(CORRUPTED_INFOROM),
        CODE(GPU_IS_LOST),
        CODE(RESET_REQUIRED),
        CODE(OPERATING_SYSTEM),
        CODE(LIB_RM_VERSION_MISMATCH),
        CODE(IN_USE),
        CODE(MEMORY),
        CODE(NO_DATA),
        CODE(VGPU_ECC_NOT_SUPPORTED),
        CODE(INSUFFICIENT_RESOURCES),
        CODE(FREQ_NOT_SUPPORTED),
        CODE(ARGUMENT_VERSION_MISMATCH),
        CODE(DEPRECATED),
        CODE(NOT_READY),
        CODE(GPU_NOT_FOUND),
        CODE(INVALID_STATE),
        CODE(RESET_TYPE_NOT_SUPPORTED),
        CODE(UNKNOWN),
};
#undef CODE

const char *const words_process_kinds[] = { [PROCESS_COMPUTE] = "compute", [PROCESS_GRAPHICS] = "graphics", [PROCESS_MPS] = "mps", NULL };
const char *const words_compute_modes[] = { "default", "exclusive-thread", "prohibited", "exclusive-process", NULL };
_Static_assert(ARRAY_SIZE(words_compute_modes) == NODE_COMPUTE_MODE_MAX + 2, "every compute mode has a word");
const char *const words_recovery_actions[] = { "none", "gpu-reset", "node-reboot", "drain-p2p", "drain-and-reset", "recover-imex-domain",
                                               NULL };
_Static_assert(ARRAY_SIZE(words_recovery_actions) == NODE_RECOVERY_ACTION_MAX + 2, "every recovery action has a word");
const char *const words_fault_kinds[] = { [FAULT_NONE] = "none", [FAULT_SLOW] = "slow", [FAULT_HANG] = "hang", [FAULT_FAIL] = "fail" };

const char *words_code(unsigned code, char text[WORDS_CODE_MAX]) {
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (codes[i].code == code)
                        return codes[i].name;
        snprintf(text, WORDS_CODE_MAX, "%u", code);
        return text;
}

static bool same_code(const char *name, const char *text) {
        return !strcasecmp(name, text) || !strcasecmp(name + strlen("NVML_"), text) ||
               (!strncmp(name, "NVML_ERROR_", 11) && !strcasecmp(name + 11, text));
}

int words_code_read(const char *text, unsigned *ret_code, struct err *e) {
        struct near near = near_to(text);
        char hint[NEAR_HINT_MAX], *end;
        unsigned long number = strtoul(text, &end, 10);

        if (*text >= '0' && *text <= '9' && !*end && number <= NVML_ERROR_UNKNOWN) {
                *ret_code = (unsigned)number;
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
                if (same_code(codes[i].name, text)) {
                        *ret_code = codes[i].code;
                        return 0;
                }
                near_offer(&near, codes[i].name);
                near_offer(&near, codes[i].name + (i ? strlen("NVML_ERROR_") : 0));
        }
        return err_set(e, ERR_USAGE, "'%s' is no code of NVML, neither a name as IN_USE nor a number in 0..999%s", text,
                       near_hint(&near, hint));
}

const char *words_call_at(size_t index) {
        static const char *const names[] = {
#define SYMBOL(name, since) #name,
#include "sim/nvml/symbols.def"
#undef SYMBOL
        };

        return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

int words_call_check(const char *name, struct err *e) {
        size_t length = strlen(name);
        bool prefix = length > 1 && name[length - 1] == '*';
        struct near near = near_to(name);
        char hint[NEAR_HINT_MAX];
        const char *known;

        for (size_t i = 0; (known = words_call_at(i)); i++) {
                if (!strcmp(known, name) || (prefix && !strncmp(known, name, length - 1)))
                        return 0;
                near_offer(&near, known);
        }
        return err_set(e, ERR_USAGE, "NVML has no function '%s'%s", name, near_hint(&near, hint));
}

const char *words_event(uint64_t type) {
        static const struct {
                uint64_t type;
                const char *name;
        } events[] = {
                { nvmlEventTypeSingleBitEccError, "single-bit-ecc" },
                { nvmlEventTypeDoubleBitEccError, "double-bit-ecc" },
                { nvmlEventTypePState, "performance-state" },
                { nvmlEventTypeXidCriticalError, "xid" },
                { nvmlEventTypeClock, "clock" },
                { nvmlEventTypePowerSourceChange, "power-source" },
                { nvmlEventMigConfigChange, "mig-config" },
                { nvmlEventTypeSingleBitEccErrorStorm, "single-bit-ecc-storm" },
                { nvmlEventTypeDramRetirementEvent, "dram-retirement" },
                { nvmlEventTypeDramRetirementFailure, "dram-retirement-failure" },
                { nvmlEventTypeNonFatalPoisonError, "non-fatal-poison" },
                { nvmlEventTypeFatalPoisonError, "fatal-poison" },
                { nvmlEventTypeGpuUnavailableError, "gpu-unavailable" },
                { nvmlEventTypeGpuRecoveryAction, "gpu-recovery-action" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
                if (events[i].type == type)
                        return events[i].name;
        return "other";
}
