/* quantity: Kubernetes resource quantities ("500m", "1.5Gi", "2e3").
 *
 * Grammar and rounding are those of k8s.io/apimachinery/pkg/api/resource (v0.34): decimal digits with an optional point, then a binary
 * suffix (Ki Mi Gi Ti Pi Ei), a decimal one (n u m k M G T P E) or an exponent. Values are rounded up to the unit asked for, as
 * Quantity.MilliValue() and .Value() do. Negative and absurd (above 2^63-1 of the unit) quantities are errors here: no request may be one.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

int quantity_milli(const char *text, int64_t *ret_milli, struct err *e); /* cpu, counts: thousandths, rounded up */
int quantity_value(const char *text, int64_t *ret_value, struct err *e); /* bytes, counts: whole units, rounded up */
int quantity_mib(const char *text, int64_t *ret_mib, struct err *e);     /* memory in MiB, rounded up */
