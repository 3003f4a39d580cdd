/* yaml_fault: what libyaml found wrong, said so that one can act on it.
 *
 * libyaml names the rule of its grammar that broke ("did not find expected key"); people want to know what to look for.
 */
#pragma once

#include <stddef.h>

#include <yaml.h>

#include "base/err.h"

/* Sets `e` from the error of `parser`, which reads `text`. Returns -ERR_INPUT. */
int yaml_fault(const char *name, const char *text, size_t bytes, const yaml_parser_t *parser, struct err *e);
