#include "core/gpu/model.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/gpu/catalogue.h"

static const char *const mode_names[GPU_MODE_MAX] = {
        [GPU_WHOLE] = "whole",
        [GPU_MIG] = "mig",
        [GPU_MPS] = "mps",
        [GPU_TIME_SLICING] = "time-slicing",
};

const char *gpu_mode_name(enum gpu_mode mode) {
        return mode_names[mode];
}

int gpu_mode_parse(const char *name, enum gpu_mode *ret_mode, struct err *e) {
        for (unsigned i = 0; i < GPU_MODE_MAX; i++)
                if (!strcmp(name, mode_names[i])) {
                        *ret_mode = (enum gpu_mode)i;
                        return 0;
                }
        return err_set(e, ERR_INPUT, "'%s' is not a mode: whole, mig, mps or time-slicing", name);
}

size_t gpu_model_count(void) {
        return catalogue_model_count;
}

const struct gpu_model *gpu_model_at(size_t index) {
        return &catalogue_models[index];
}

size_t gpu_model_index(const struct gpu_model *model) {
        return (size_t)(model - catalogue_models);
}

const char *gpu_model_title(const struct gpu_model *model, char title[static GPU_TITLE_MAX]) {
        bool lower = true;

        for (const char *c = model->key; *c; c++)
                lower = lower && !isupper((unsigned char)*c);
        size_t n = 0;
        for (const char *c = model->key; *c && n < GPU_TITLE_MAX - 1; c++)
                title[n++] = lower ? (char)toupper((unsigned char)*c) : *c;
        title[n] = '\0';
        return title;
}

static char fold(char c) {
        if (c >= 'A' && c <= 'Z')
                return (char)(c - 'A' + 'a');
        return c == ' ' || c == '_' ? '-' : c;
}

/* Product names come with blanks from NVML and with '-' as node labels. */
static bool same_name(const char *a, const char *b) {
        while (*a && fold(*a) == fold(*b)) {
                a++;
                b++;
        }
        return fold(*a) == fold(*b);
}

const struct gpu_model *gpu_model_find(const char *key) {
        for (size_t i = 0; i < catalogue_model_count; i++)
                if (same_name(key, catalogue_models[i].key))
                        return &catalogue_models[i];
        for (size_t i = 0; i < catalogue_alias_count; i++)
                if (same_name(key, catalogue_aliases[i].name))
                        return &catalogue_models[catalogue_aliases[i].model];
        return NULL;
}

const struct gpu_profile *gpu_profile_find(const struct gpu_model *model, const char *name) {
        for (unsigned i = 0; i < model->profile_count; i++)
                if (!strcmp(name, model->profiles[i].name))
                        return &model->profiles[i];
        return NULL;
}
