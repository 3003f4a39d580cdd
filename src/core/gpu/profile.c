#include "core/gpu/profile.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define RESOURCE_PREFIX "nvidia.com/mig-"

/* A whole number up to `max` without leading zeros, followed by `unit`. Moves *text behind it. */
static bool take_number(const char **text, unsigned max, const char *unit, unsigned *ret_number) {
        const char *p = *text;
        unsigned number = 0;
        if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
                return false;
        if (*p < '0' || *p > '9')
                return false;
        for (; *p >= '0' && *p <= '9'; p++) {
                number = number * 10 + (unsigned)(*p - '0');
                if (number > max)
                        return false;
        }
        size_t length = strlen(unit);
        if (strncmp(p, unit, length))
                return false;
        *text = p + length;
        *ret_number = number;
        return true;
}

/* "", "+me", "+me.all", "-me": a sign, then words of letters and digits joined by '.' or ','. */
static bool attributes_ok(const char *text) {
        if (!*text)
                return true;
        if (*text != '+' && *text != '-')
                return false;
        bool word = false;
        for (const char *p = text + 1; *p; p++) {
                bool separator = *p == '.' || *p == ',';
                if (!separator && !(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9'))
                        return false;
                if (separator && !word)
                        return false;
                word = !separator;
        }
        return word;
}

static bool parse(const char *text, struct profile_name *ret_name) {
        struct profile_name name = { 0 };
        unsigned compute = 0, slices, gb;
        bool written = take_number(&text, 15, "c.", &compute);
        if (!take_number(&text, 15, "g.", &slices) || !slices || !take_number(&text, 9999, "gb", &gb))
                return false;
        if (!written)
                compute = slices;
        if (!compute || compute > slices || strlen(text) >= sizeof name.attributes || !attributes_ok(text))
                return false;

        name.compute = (uint8_t)compute;
        name.slices = (uint8_t)slices;
        name.gb = (uint16_t)gb;
        memcpy(name.attributes, text, strlen(text) + 1);
        *ret_name = name;
        return true;
}

int profile_parse(const char *text, struct profile_name *ret_name, struct err *e) {
        if (parse(text, ret_name))
                return 0;
        return err_set(e, ERR_INPUT, "'%.64s' is not a MIG profile, such as 1g.10gb, 1g.10gb+me or 1c.2g.20gb", text);
}

void profile_print(const struct profile_name *name, char *text, size_t bytes) {
        char compute[8] = "";
        if (name->compute != name->slices)
                snprintf(compute, sizeof compute, "%uc.", name->compute);
        snprintf(text, bytes, "%s%ug.%ugb%s", compute, name->slices, name->gb, name->attributes);
}

void profile_to_resource(const char *profile, char *text, size_t bytes) {
        snprintf(text, bytes, RESOURCE_PREFIX "%s", profile);
        for (char *p = text; *p; p++)
                if (*p == '+')
                        *p = '.';
}

int profile_from_resource(const char *resource, char text[PROFILE_NAME_MAX], struct err *e) {
        const size_t prefix = sizeof RESOURCE_PREFIX - 1;
        const char *profile = resource + prefix;
        char found[PROFILE_NAME_MAX], *unit;
        struct profile_name name;

        if (strncmp(resource, RESOURCE_PREFIX, prefix) || strlen(profile) >= sizeof found || strpbrk(profile, "+,"))
                return err_set(e, ERR_INPUT, "'%.64s' is not a MIG resource, such as " RESOURCE_PREFIX "1g.10gb", resource);
        memcpy(found, profile, strlen(profile) + 1);
        unit = strstr(found, "gb");
        if (unit && unit[2] == '.')
                unit[2] = '+';
        int r = profile_parse(found, &name, e);
        if (r < 0)
                return err_wrap(e, "%.64s", resource);
        profile_print(&name, text, PROFILE_NAME_MAX);
        return 0;
}

unsigned profile_gb(uint32_t memory_mib, uint32_t memory_total_mib) {
        if (!memory_total_mib)
                return 0; /* unified memory: the driver reports no total, and the names say 0gb */
        uint64_t eighths = ((uint64_t)memory_mib * 8 + memory_total_mib - 1) / memory_total_mib;
        uint64_t total_gib = ((uint64_t)memory_total_mib + 1023) / 1024;
        return (unsigned)((eighths * total_gib + 4) / 8);
}
