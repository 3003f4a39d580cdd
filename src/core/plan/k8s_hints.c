#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan/k8s_pod.h"

/* Programs that start one process per GPU and let them talk. */
static const char *const launchers[] = { "torchrun", "torch.distributed", "mpirun", "mpiexec", "horovodrun", "deepspeed" };

/* Part of a longer word ("mpirunner") does not count; a path before it does. */
static bool has_word(const char *text, const char *word) {
        size_t n = strlen(word);

        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
                if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
                        return true;
        return false;
}

static bool starts_launcher(const struct doc_node *words) {
        for (uint32_t i = 0; words && words->kind == DOC_SEQ && i < words->count; i++) {
                const char *text = doc_string(words->items[i]);
                for (unsigned j = 0; text && j < ARRAY_SIZE(launchers); j++)
                        if (has_word(text, launchers[j]))
                                return true;
        }
        return false;
}

void k8s_hints_read(const struct doc_node *container, struct k8s_pod *pod) {
        const struct doc_node *env = doc_get(container, "env");

        for (uint32_t i = 0; env && env->kind == DOC_SEQ && i < env->count; i++) {
                const char *name = doc_string(doc_get(env->items[i], "name")), *value = doc_string(doc_get(env->items[i], "value"));
                if (name && !strncmp(name, "NCCL_", 5))
                        pod->nccl = true;
                if (name && value && !strcmp(name, "NVIDIA_DRIVER_CAPABILITIES"))
                        pod->graphics |= strstr(value, "graphics") || strstr(value, "display");
        }
        pod->nccl |= starts_launcher(doc_get(container, "command")) || starts_launcher(doc_get(container, "args"));
}
