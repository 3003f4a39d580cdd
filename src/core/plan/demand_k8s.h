/* demand_k8s: Kubernetes objects -> demand.
 *
 * Objects may come in any order and many files (a Deployment and its HPA, say): read them all, then finish once.
 */
#pragma once

#include "base/err.h"
#include "core/doc/doc.h"
#include "core/plan/demand.h"

struct k8s_reader;
struct k8s_reader *k8s_reader_new(struct demand *d);
struct k8s_reader *k8s_reader_free(struct k8s_reader *r);

/* Take one document (an object, or a List of them). `name` is the file, for messages. The document may go afterwards.
 * Errors: ERR_INPUT with file, line, column and field. Unknown kinds are counted, not errors. */
int k8s_read(struct k8s_reader *r, const char *name, const struct doc_node *root, struct err *e);

/* Join what belongs together (HPA, PDB, owner references) and write the workloads into the demand. */
int k8s_finish(struct k8s_reader *r, struct err *e);
