#include "core/plan/k8s_kinds.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

#define KSERVE_CONTAINERS "model,pytorch,tensorflow,triton,onnx,huggingface,sklearn,xgboost,lightgbm,pmml,paddle,mlflow"
#define KSERVE_NODES_DEFAULT 2 /* workerSpec.pipelineParallelSize where it is not stated: the predictor and one worker */
#define KEDA_JOBS_DEFAULT 100  /* maxReplicaCount where a ScaledJob does not say */

enum {
        POD_SPEC = 1 << 0,    /* `pod` leads to a PodSpec, not to a template with metadata */
        DAEMON = 1 << 1,      /* one per node */
        JOB = 1 << 2,         /* parallelism and completions */
        CRON = 1 << 3,        /* one run at a time is counted */
        KNATIVE = 1 << 4,     /* scale bounds in annotations of the template */
        GROUPED = 1 << 5,     /* `times` is the size of a group, of which another row (or template) may be the first */
        NCCL = 1 << 6,        /* distributed by its kind */
        FINISHES = 1 << 7,    /* its status may say that it is over */
        STEPS = 1 << 9,       /* Argo: one pod per step; what the workflow says of nodes holds for each */
        OBJECT_META = 1 << 8, /* annotations and labels of the object pass to its pods */
};

/* Where pods stand. Paths are keys joined by '.'; '*' is every item of a list or value of a map. `pod`, `replicas`, `min`, `max` and
 * `times` start at `at`; `autoscale` (a bool that must be true for `max` to count) and `suspend` at the root. A row without `at` is a kind
 * that holds pod templates but runs no pods. Sources: the CRDs of each project. */
static const struct place {
        const char *group, *kind, *at, *pod, *replicas, *min, *max, *times, *autoscale, *suspend, *containers, *role;
        unsigned flags;
} places[] = {
        { "", "Pod", .at = "", .pod = "", .flags = FINISHES },
        { "", "ReplicationController", .at = "spec", .pod = "template", .replicas = "replicas" },
        { "apps", "Deployment", .at = "spec", .pod = "template", .replicas = "replicas" },
        { "apps", "ReplicaSet", .at = "spec", .pod = "template", .replicas = "replicas" },
        { "apps", "StatefulSet", .at = "spec", .pod = "template", .replicas = "replicas" },
        { "apps", "DaemonSet", .at = "spec", .pod = "template", .flags = DAEMON },
        { "batch", "Job", .at = "spec", .pod = "template", .suspend = "spec.suspend", .flags = JOB | FINISHES },
        { "batch", "CronJob", .at = "spec.jobTemplate.spec", .pod = "template", .suspend = "spec.suspend", .flags = JOB | CRON },
        { "argoproj.io", "Rollout", .at = "spec", .pod = "template", .replicas = "replicas" },
        { "argoproj.io", "Workflow", .at = "spec.templates.*", .pod = "", .suspend = "spec.suspend", .containers = "container,script",
          .role = "*", .flags = POD_SPEC | STEPS | FINISHES },
        { "argoproj.io", "CronWorkflow", .at = "spec.workflowSpec.templates.*", .pod = "", .suspend = "spec.suspend",
          .containers = "container,script", .role = "*", .flags = POD_SPEC | STEPS | CRON },
        { "argoproj.io", "WorkflowTemplate", .at = NULL },
        { "argoproj.io", "ClusterWorkflowTemplate", .at = NULL },
        { "serving.knative.dev", "Service", .at = "spec", .pod = "template", .flags = KNATIVE },
        { "serving.knative.dev", "Configuration", .at = "spec", .pod = "template", .flags = KNATIVE },
        { "serving.kserve.io", "InferenceService", .at = "spec.predictor", .pod = "", .min = "minReplicas", .max = "maxReplicas",
          .containers = KSERVE_CONTAINERS, .flags = POD_SPEC | OBJECT_META },
        { "serving.kserve.io", "InferenceService", .at = "spec.predictor.workerSpec", .pod = "", .times = "pipelineParallelSize",
          .role = "worker", .flags = POD_SPEC | OBJECT_META | GROUPED | NCCL },
        { "serving.kserve.io", "InferenceService", .at = "spec.transformer", .pod = "", .min = "minReplicas", .max = "maxReplicas",
          .role = "transformer", .flags = POD_SPEC | OBJECT_META },
        { "serving.kserve.io", "InferenceService", .at = "spec.explainer", .pod = "", .min = "minReplicas", .max = "maxReplicas",
          .role = "explainer", .flags = POD_SPEC | OBJECT_META },
        { "serving.kserve.io", "LLMInferenceService", .at = "spec", .pod = "template", .replicas = "replicas",
          .flags = POD_SPEC | OBJECT_META },
        { "serving.kserve.io", "LLMInferenceService", .at = "spec.prefill", .pod = "template", .replicas = "replicas", .role = "prefill",
          .flags = POD_SPEC | OBJECT_META },
        { "ray.io", "RayCluster", .at = "spec.headGroupSpec", .pod = "template", .suspend = "spec.suspend", .role = "head" },
        { "ray.io", "RayCluster", .at = "spec.workerGroupSpecs.*", .pod = "template", .replicas = "replicas", .min = "minReplicas",
          .max = "maxReplicas", .times = "numOfHosts", .autoscale = "spec.enableInTreeAutoscaling", .suspend = "spec.suspend",
          .role = "*" },
        { "ray.io", "RayJob", .at = "spec.rayClusterSpec.headGroupSpec", .pod = "template", .suspend = "spec.suspend", .role = "head",
          .flags = FINISHES },
        { "ray.io", "RayJob", .at = "spec.rayClusterSpec.workerGroupSpecs.*", .pod = "template", .replicas = "replicas",
          .min = "minReplicas", .max = "maxReplicas", .times = "numOfHosts", .autoscale = "spec.rayClusterSpec.enableInTreeAutoscaling",
          .suspend = "spec.suspend", .role = "*", .flags = FINISHES },
        { "ray.io", "RayService", .at = "spec.rayClusterConfig.headGroupSpec", .pod = "template", .role = "head" },
        { "ray.io", "RayService", .at = "spec.rayClusterConfig.workerGroupSpecs.*", .pod = "template", .replicas = "replicas",
          .min = "minReplicas", .max = "maxReplicas", .times = "numOfHosts", .autoscale = "spec.rayClusterConfig.enableInTreeAutoscaling",
          .role = "*" },
        { "kubeflow.org", "PyTorchJob", .at = "spec.pytorchReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "TFJob", .at = "spec.tfReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "MPIJob", .at = "spec.mpiReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "JAXJob", .at = "spec.jaxReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "XGBoostJob", .at = "spec.xgbReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "PaddleJob", .at = "spec.paddleReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "MXJob", .at = "spec.mxReplicaSpecs.*", .pod = "template", .replicas = "replicas",
          .suspend = "spec.runPolicy.suspend", .role = "*", .flags = NCCL | FINISHES },
        { "kubeflow.org", "Notebook", .at = "spec", .pod = "template" },
        { "trainer.kubeflow.org", "TrainJob", .at = "spec.trainer", .pod = "", .replicas = "numNodes", .suspend = "spec.suspend",
          .containers = ".", .flags = POD_SPEC | NCCL | FINISHES },
        { "trainer.kubeflow.org", "TrainingRuntime", .at = NULL },
        { "trainer.kubeflow.org", "ClusterTrainingRuntime", .at = NULL },
        { "batch.volcano.sh", "Job", .at = "spec.tasks.*", .pod = "template", .replicas = "replicas", .role = "*", .flags = FINISHES },
        { "jobset.x-k8s.io", "JobSet", .at = "spec.replicatedJobs.*", .pod = "template.spec.template", .replicas = "replicas",
          .times = "template.spec.parallelism", .suspend = "spec.suspend", .role = "*", .flags = FINISHES },
        { "leaderworkerset.x-k8s.io", "LeaderWorkerSet", .at = "spec", .pod = "leaderWorkerTemplate.leaderTemplate", .replicas = "replicas",
          .role = "leader" },
        { "leaderworkerset.x-k8s.io", "LeaderWorkerSet", .at = "spec", .pod = "leaderWorkerTemplate.workerTemplate", .replicas = "replicas",
          .times = "leaderWorkerTemplate.size", .flags = GROUPED | NCCL },
        { "keda.sh", "ScaledJob", .at = "spec", .pod = "jobTargetRef.template", .max = "maxReplicaCount",
          .times = "jobTargetRef.parallelism" },
        { "apps.nvidia.com", "NIMService", .at = "spec", .pod = "", .replicas = "replicas", .min = "scale.hpa.minReplicas",
          .max = "scale.hpa.maxReplicas", .autoscale = "spec.scale.enabled", .containers = ".", .flags = POD_SPEC | OBJECT_META },
        { "nvidia.com", "DynamoGraphDeployment", .at = "spec.services.*", .pod = "extraPodSpec", .replicas = "replicas",
          .times = "multinode.nodeCount", .containers = ".", .role = "*", .flags = POD_SPEC | OBJECT_META },
        { "", "PodTemplate", .at = NULL },
        { "apps", "ControllerRevision", .at = NULL },
        { "kyverno.io", "ClusterPolicy", .at = NULL },
        { "kyverno.io", "Policy", .at = NULL },
};

struct walk {
        const struct k8s_object *o;
        const struct place *place;
        k8s_pods_visit visit;
        void *context;
        bool found;
};

static bool is_word(const char *text, const char *const *words) {
        for (; text && *words; words++)
                if (!strcmp(text, *words))
                        return true;
        return false;
}

static bool is_finished(const struct doc_node *root) {
        static const char *const ends[] = { "Succeeded",  "Failed",    "Error",  "Completed", "Complete", "Aborted",
                                            "Terminated", "SUCCEEDED", "FAILED", "STOPPED",   NULL };
        static const char *const paths[] = { "status.phase", "status.jobStatus", "status.state.phase" };
        static const char *const over[] = { "Succeeded", "Failed", "Completed", "Complete", NULL };
        const struct doc_node *conditions = doc_at(root, "status.conditions");

        for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
                if (is_word(doc_string(doc_at(root, paths[i])), ends))
                        return true;
        for (uint32_t i = 0; conditions && conditions->kind == DOC_SEQ && i < conditions->count; i++) {
                const char *holds = doc_string(doc_get(conditions->items[i], "status"));
                if (holds && !strcmp(holds, "True") && is_word(doc_string(doc_get(conditions->items[i], "type")), over))
                        return true;
        }
        return false;
}

/* A bool at a path from the root; false if absent. */
static int bool_at(const struct k8s_object *o, const char *path, bool *ret_value, struct err *e) {
        const struct doc_node *node = NULL;
        int r = k8s_walk(o, o->root, path, &node, e);

        if (r < 0)
                return r;
        if (node && node->kind != DOC_BOOL)
                return k8s_err(o, node, e, "%s must be true or false, not %s", path, doc_kind_name(node->kind));
        *ret_value = node && node->boolean;
        return 0;
}

/* Pods at the same time: parallelism, but never more than completions. */
static int count_job(const struct walk *w, const struct doc_node *at, struct k8s_pods *pods, struct err *e) {
        uint32_t parallelism = 1, completions = UINT32_MAX;
        int r;

        if ((r = k8s_get_count(w->o, at, "parallelism", &parallelism, e)) < 0 ||
            (r = k8s_get_count(w->o, at, "completions", &completions, e)) < 0)
                return r;
        pods->replicas = pods->replicas_min = MIN(parallelism, completions);
        return 0;
}

/* An annotation of the template, in its new or its old spelling. */
static int read_scale(const struct walk *w, const struct doc_node *annotations, const char *const keys[2], uint32_t *ret_value,
                      struct err *e) {
        for (unsigned i = 0; i < 2; i++) {
                const struct doc_node *node = doc_get(annotations, keys[i]);
                const char *text = doc_string(node);
                if (!node)
                        continue;
                if (!text || !*text || strlen(text) > 7 || strspn(text, "0123456789") != strlen(text))
                        return k8s_err(w->o, node, e, "annotation %s must be a whole number in quotes", keys[i]);
                *ret_value = (uint32_t)strtoul(text, NULL, 10);
        }
        return 0;
}

static int count_knative(const struct walk *w, struct k8s_pods *pods, struct err *e) {
        static const char *const min_keys[] = { "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale" };
        static const char *const max_keys[] = { "autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale" };
        const struct doc_node *annotations = doc_get(pods->template.metadata, "annotations");
        uint32_t min = 0, max = 0;
        int r;

        if ((r = read_scale(w, annotations, min_keys, &min, e)) < 0 || (r = read_scale(w, annotations, max_keys, &max, e)) < 0)
                return r;
        pods->replicas = max ? max : MAX(min, 1u);
        pods->replicas_min = MIN(min, pods->replicas);
        if (!max)
                pods->note = "no maximum scale is stated: the autoscaler may go beyond what is planned";
        return 0;
}

/* A group is a leader and size - 1 workers; in a LeaderWorkerSet without a template for the leader it is one of the workers. */
static uint32_t group_workers(const struct doc_node *at, uint32_t size) {
        const struct doc_node *workers = doc_get(at, "leaderWorkerTemplate"), *leader = doc_get(workers, "leaderTemplate");

        return workers && (!leader || leader->kind != DOC_MAP) ? MAX(size, 1u) : MAX(size, 1u) - 1;
}

static int count_replicas(const struct walk *w, const struct doc_node *at, struct k8s_pods *pods, struct err *e) {
        const struct place *p = w->place;
        uint32_t now = 1, min = 0, max = 0;
        int has_now = 0, has_min = 0, has_max = 0, r;
        bool autoscaled = true;

        if (p->autoscale && (r = bool_at(w->o, p->autoscale, &autoscaled, e)) < 0)
                return r;
        if ((p->replicas && (has_now = k8s_count_at(w->o, at, p->replicas, &now, e)) < 0) ||
            (p->min && (has_min = k8s_count_at(w->o, at, p->min, &min, e)) < 0) ||
            (p->max && (has_max = k8s_count_at(w->o, at, p->max, &max, e)) < 0))
                return -ERR_INPUT;
        if (!has_max && p->max && !strcmp(p->max, "maxReplicaCount")) {
                has_max = 1;
                max = KEDA_JOBS_DEFAULT;
        }
        if (!has_now && has_min)
                now = p->replicas ? min : MAX(min, 1u);
        pods->replicas = pods->replicas_min = MAX(now, min);
        if (has_max && max && autoscaled) {
                pods->replicas = MAX(max, min);
                pods->replicas_min = has_min || !p->replicas ? min : MIN(now, max);
        }
        return 0;
}

static int count_pods(const struct walk *w, const struct doc_node *at, struct k8s_pods *pods, struct err *e) {
        unsigned flags = w->place->flags;
        uint32_t times = flags & GROUPED && flags & OBJECT_META ? KSERVE_NODES_DEFAULT : 1;
        int r = flags & JOB ? count_job(w, at, pods, e) : flags & KNATIVE ? count_knative(w, pods, e) : count_replicas(w, at, pods, e);

        if (r >= 0 && w->place->times)
                r = k8s_count_at(w->o, at, w->place->times, &times, e);
        if (r < 0)
                return r;
        pods->times = flags & GROUPED ? group_workers(at, times) : times;
        pods->nccl |= pods->times > 1 && w->place->times && !strcmp(w->place->times, "numOfHosts");
        if ((uint64_t)pods->replicas * pods->times > DEMAND_PODS_MAX)
                return k8s_err(w->o, at, e, "more than %d pods", DEMAND_PODS_MAX);
        pods->replicas *= pods->times;
        pods->replicas_min *= pods->times;
        return 0;
}

/* "worker" out of the key of a map, or the name an item gives itself, or its number. */
static const char *role_of(const struct k8s_object *o, const struct doc_node *item, const char *key, uint32_t index) {
        const char *name = key ?: doc_string(doc_get(item, "name")) ?: doc_string(doc_get(item, "groupName"));

        if (!name || !*name)
                return arena_printf(o->scratch, "%u", index);
        char *role = arena_strdup(o->scratch, name);
        for (char *p = role; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        return role;
}

static int visit_place(struct walk *w, const struct doc_node *at, const char *role, struct err *e) {
        const struct place *p = w->place;
        struct k8s_pods pods = { .role = role, .daemon = p->flags & DAEMON, .nccl = p->flags & NCCL };
        struct k8s_template *t = &pods.template;
        const struct doc_node *pod = NULL;
        int r;

        if ((r = k8s_walk(w->o, at, p->pod, &pod, e)) < 0 || (!pod && !p->containers))
                return r;
        if (pod && pod->kind != DOC_MAP)
                return k8s_err(w->o, pod, e, "a pod template must be a map, not %s", doc_kind_name(pod->kind));
        *t = (struct k8s_template){ .spec = pod, .holder = at, .inline_containers = p->containers };
        if (!(p->flags & POD_SPEC)) {
                if ((r = k8s_get_map(w->o, pod, "spec", &t->spec, e)) < 0 || (r = k8s_get_map(w->o, pod, "metadata", &t->metadata, e)) < 0)
                        return r;
                if (!t->spec)
                        return k8s_err(w->o, pod, e, "the pod template has no spec");
        } else if (p->flags & OBJECT_META) {
                t->metadata = doc_get(w->o->root, "metadata");
                t->resize_only = *role;
        } else {
                t->metadata = doc_get(pod, "metadata");
        }
        if (p->flags & STEPS)
                t->fallback = doc_at(w->o->root, p->flags & CRON ? "spec.workflowSpec" : "spec");
        if ((r = count_pods(w, at, &pods, e)) < 0)
                return r;
        if (p->flags & CRON)
                pods.note = "runs on a schedule: one run at a time is planned";
        else if (t->fallback)
                pods.note = "one pod per step is planned: loops and parallel steps may run more";
        pods.optional = t->fallback != NULL;
        pods.scalable = p->replicas && !p->max;
        w->found = true;
        return w->visit(w->o, &pods, w->context, e);
}

static int walk_path(struct walk *w, const struct doc_node *node, const char *path, const char *role, struct err *e) {
        const char *rest = strchr(path, '*');
        int r;

        if (!node || node->kind == DOC_NULL)
                return 0;
        if (!rest) {
                const struct doc_node *at = NULL;
                if ((r = k8s_walk(w->o, node, path, &at, e)) < 0 || !at)
                        return r;
                if (at->kind != DOC_MAP)
                        return k8s_err(w->o, at, e, "%s must be a map, not %s", *path ? path : "the object", doc_kind_name(at->kind));
                return visit_place(w, at, role, e);
        }

        const char *head = arena_strndup(w->o->scratch, path, (size_t)(rest - path) - 1);
        const struct doc_node *many = NULL;
        if ((r = k8s_walk(w->o, node, head, &many, e)) < 0 || !many)
                return r;
        if (many->kind != DOC_SEQ && many->kind != DOC_MAP)
                return k8s_err(w->o, many, e, "%s must be a list or a map, not %s", head, doc_kind_name(many->kind));
        for (uint32_t i = 0; i < many->count; i++) {
                const struct doc_node *item = many->kind == DOC_SEQ ? many->items[i] : many->pairs[i].value;
                const char *key = many->kind == DOC_MAP ? many->pairs[i].key : NULL;
                if ((r = walk_path(w, item, "", role_of(w->o, item, key, i), e)) < 0)
                        return r;
        }
        return 0;
}

/* Search of an unknown kind: a key that ends in "emplate" with a spec that has a list of containers. */
static bool looks_like_template(const char *key, const struct doc_node *node) {
        const struct doc_node *containers = doc_get(doc_get(node, "spec"), "containers");
        size_t n = strlen(key);

        return n >= 7 && !strcmp(key + n - 7, "emplate") && containers && containers->kind == DOC_SEQ && containers->count;
}

/* Where a search stands: the innermost item of a list around it, which names what is found. */
struct place_in_list {
        const struct doc_node *item;
        uint32_t index;
};

static int take_found(struct walk *w, const struct doc_node *holder, const struct doc_node *pod, struct place_in_list in, struct err *e) {
        static const struct place beside = { .replicas = "replicas" }, job = { .replicas = "parallelism" };
        struct k8s_pods pods = { .role = "", .guessed = true, .scalable = true };
        int r;

        if (w->found && in.item)
                pods.role = role_of(w->o, in.item, NULL, in.index);
        w->place = doc_get(holder, "replicas") ? &beside : &job;
        pods.template.spec = doc_get(pod, "spec");
        if ((r = k8s_get_map(w->o, pod, "metadata", &pods.template.metadata, e)) < 0 || (r = count_pods(w, holder, &pods, e)) < 0)
                return r;
        w->found = true;
        return w->visit(w->o, &pods, w->context, e);
}

static int search(struct walk *w, const struct doc_node *node, struct place_in_list in, struct err *e) {
        int r = 0;

        for (uint32_t i = 0; node && node->kind == DOC_SEQ && r >= 0 && i < node->count; i++)
                r = search(w, node->items[i], (struct place_in_list){ node->items[i], i }, e);
        for (uint32_t i = 0; node && node->kind == DOC_MAP && r >= 0 && i < node->count; i++) {
                const struct doc_pair *pair = &node->pairs[i];
                if (looks_like_template(pair->key, pair->value))
                        r = take_found(w, node, pair->value, in, e);
                else
                        r = search(w, pair->value, in, e);
        }
        return r;
}

int k8s_kinds_each(const struct k8s_object *o, k8s_pods_visit visit, void *context, enum k8s_kind_state *ret_state, struct err *e) {
        struct walk w = { .o = o, .visit = visit, .context = context };
        bool known = false, runs = false, waits = false;
        int r;

        for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
                const struct place *p = &places[i];
                if (strcmp(p->kind, o->kind) || strcmp(p->group, o->group))
                        continue;
                known = true;
                if (!p->at)
                        continue;
                runs = true;
                bool over = p->flags & FINISHES && is_finished(o->root);
                if (p->suspend && (r = bool_at(o, p->suspend, &waits, e)) < 0)
                        return r;
                if (over || waits) {
                        *ret_state = over ? KIND_FINISHED : KIND_SUSPENDED;
                        return 0;
                }
                w.place = p;
                if ((r = walk_path(&w, o->root, p->at, p->role && strcmp(p->role, "*") ? p->role : "", e)) < 0)
                        return r;
        }
        if (!known && (r = search(&w, o->root, (struct place_in_list){ 0 }, e)) < 0)
                return r;
        *ret_state = w.found ? KIND_PODS : runs ? KIND_EMPTY : KIND_NO_PODS;
        return 0;
}
