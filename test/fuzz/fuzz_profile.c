/* Profile names, their resource form and layouts: what is accepted must survive print and parse. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/gpu/layout.h"
#include "core/gpu/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool holds) {
        if (!holds)
                abort();
}

static void check_profile(const char *text) {
        struct profile_name name, again;
        struct err e;
        char printed[PROFILE_NAME_MAX], resource[64], back[PROFILE_NAME_MAX];
        if (profile_parse(text, &name, &e) < 0)
                return;
        profile_print(&name, printed, sizeof printed);
        must(profile_parse(printed, &again, &e) == 0);
        must(name.compute == again.compute && name.slices == again.slices && name.gb == again.gb);
        must(!strcmp(name.attributes, again.attributes));

        /* A resource name cannot hold ','. */
        profile_to_resource(printed, resource, sizeof resource);
        if (!strchr(printed, ',')) {
                must(profile_from_resource(resource, back, &e) == 0);
                must(!strcmp(back, printed));
        }
}

static void check_resource(const char *text) {
        char profile[PROFILE_NAME_MAX];
        struct profile_name name;
        struct err e;
        if (profile_from_resource(text, profile, &e) == 0)
                must(profile_parse(profile, &name, &e) == 0);
}

static void check_layout(const struct gpu_model *model, const char *text) {
        struct layout layout, again;
        struct err e;
        char printed[LAYOUT_TEXT_MAX];
        if (layout_parse(model, text, &layout, &e) < 0)
                return;
        layout_print(&layout, printed, sizeof printed);
        must(layout_parse(model, printed, &again, &e) == 0);
        must(again.count == layout.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
        char *text = mem_strndup((const char *)data, bytes);
        check_profile(text);
        check_resource(text);
        for (size_t i = 0; i < gpu_model_count(); i++)
                check_layout(gpu_model_at(i), text);
        free(text);
        return 0;
}
