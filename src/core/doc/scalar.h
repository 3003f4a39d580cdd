/* scalar: what a plain YAML scalar means.
 *
 * The rules are those of Kubernetes' own reader (sigs.k8s.io/yaml v1.6, on go.yaml.in/yaml/v2), so that carve and the API server see the
 * same value: the booleans of YAML 1.1 (yes, no, on, off, y, n, in the spellings listed in scalar.c), octal with a leading 0 or 0o,
 * hexadecimal, binary, '_' between digits; no base-60 numbers. docs/design/yaml.md lists where this differs from YAML 1.2.
 */
#pragma once

#include "core/doc/doc.h"

/* Sets kind and value of `node` from its text. */
void scalar_resolve(struct doc_node *node);

/* As an explicit tag ("tag:yaml.org,2002:int", …) demands; a tag not known here makes it a string. Returns false where the text is not of
 * that type. */
bool scalar_resolve_tag(struct doc_node *node, const char *tag);

/* A number as JSON writes it: kind and value of `node` from its text, which is known to follow JSON's grammar. Returns false where it is
 * beyond what a double can hold. */
bool scalar_json_number(struct doc_node *node);
