/* policy: what a person decided for a namespace, a label or a workload, over what carve would choose.
 *
 *     apiVersion: carve.dev/v1alpha1
 *     kind: PlanPolicy
 *     rules:                       # all that match apply, in order; later ones win
 *     - match: {namespace: research, name: "notebook-*", kind: StatefulSet, labels: {team: nlp}}
 *       set: {mode: mps, isolation: memory, latencyClass: interactive, headroomPercent: 30, belowRequest: true, gpus: [l4], capacityTypes:
 * [spot]}
 */
#pragma once

#include "base/err.h"
#include "core/doc/doc.h"
#include "core/plan/demand.h"

/* Apply to all workloads. Errors: ERR_INPUT with position (an unknown key names the nearest known one). */
int policy_apply(struct demand *d, const char *name, const struct doc_node *root, struct err *e);
