/* words: the names that people give to what a simulated node is made of: return codes, calls, kinds of processes, modes. */
#pragma once

#include "sim/node/node.h"

/* "NVML_ERROR_IN_USE"; "999" or so for a number without a name (then in `text`). */
#define WORDS_CODE_MAX 48
const char *words_code(unsigned code, char text[WORDS_CODE_MAX]);
/* By full name, without "NVML_ERROR_", or by number. Errors: ERR_USAGE, with near names. */
int words_code_read(const char *text, unsigned *ret_code, struct err *e);

/* Is there such an NVML function, or with a '*' at the end one that begins so? Errors: ERR_USAGE, with near names. */
int words_call_check(const char *name, struct err *e);
const char *words_call_at(size_t index); /* all of them, NULL past the last */

extern const char *const words_process_kinds[];    /* by enum node_process_kind, ends with NULL */
extern const char *const words_compute_modes[];    /* by NVML's numbers, ends with NULL */
extern const char *const words_recovery_actions[]; /* by NVML's numbers, ends with NULL */
extern const char *const words_fault_kinds[];      /* by enum node_fault_kind */

/* "XID", "MIG changed", … of one nvmlEventType… bit. */
const char *words_event(uint64_t type);
