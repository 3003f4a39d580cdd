/* The text form of a layout: "1g.10gb@0,3g.40gb@4". */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/gpu/layout.h"
#include "core/gpu/profile.h"

/* "1g.10gb@0", `length` bytes. */
static int parse_slice(const struct gpu_model *model, const char *text, size_t length, struct slice *ret_slice, struct err *e) {
        const char *at = memchr(text, '@', length);
        size_t name_length = at ? (size_t)(at - text) : length;
        size_t digits = at ? length - name_length - 1 : 0;
        char name[PROFILE_NAME_MAX];
        unsigned start = 0;

        if (!at || !digits || digits > 2 || (digits == 2 && at[1] == '0') || !name_length || name_length >= sizeof name)
                return err_set(e, ERR_INPUT, "'%.*s' is not a slice: write PROFILE@START, such as 1g.10gb@0", (int)MIN(length, (size_t)64),
                               text);
        for (size_t i = 0; i < digits; i++) {
                char c = at[1 + i];
                if (c < '0' || c > '9')
                        return err_set(e, ERR_INPUT, "'%.*s' is not a memory slice: write a number after the '@'", (int)digits, at + 1);
                start = start * 10 + (unsigned)(c - '0');
        }
        memcpy(name, text, name_length);
        name[name_length] = '\0';
        const struct gpu_profile *profile = gpu_profile_find(model, name);
        if (!profile)
                return err_set(e, ERR_INPUT, "the %s has no profile '%s'", model->key, name);
        *ret_slice = (struct slice){ profile, (uint8_t)start };
        return 0;
}

int layout_parse(const struct gpu_model *model, const char *text, struct layout *ret_layout, struct err *e) {
        struct layout layout = { .model = model };
        for (const char *p = text; *text;) {
                size_t length = strcspn(p, ",");
                struct slice slice;
                int r = parse_slice(model, p, length, &slice, e);
                if (r < 0)
                        return r;
                r = layout_add(&layout, slice, e);
                if (r < 0)
                        return r;
                if (!p[length])
                        break;
                p += length + 1;
        }
        *ret_layout = layout;
        return 0;
}

void layout_print(const struct layout *layout, char *text, unsigned bytes) {
        unsigned used = 0;
        text[0] = '\0';
        for (unsigned i = 0; i < layout->count; i++) {
                int n = snprintf(text + used, bytes - used, "%s%s@%u", i ? "," : "", layout->slices[i].profile->name,
                                 layout->slices[i].start);
                if (n < 0 || (unsigned)n >= bytes - used)
                        return;
                used += (unsigned)n;
        }
}
