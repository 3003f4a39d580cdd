/* file: configuration files of mig-parted, format v1: under names, which MIG slices which GPUs of a node should have.
 *
 *     version: v1
 *     mig-configs:
 *       half:
 *       - device-filter: ["0x233010DE"]
 *         devices: [0, 1]
 *         mig-enabled: true
 *         mig-devices: { "1g.10gb": 7 }
 *
 * What mig-parted (bd7160f) takes is taken and what it refuses is refused, in its words with file, line and column before them. Stricter
 * here: a key given twice is an error.
 */
#pragma once

#include "base/arena.h"
#include "core/migparted/name.h"

#define MIGPARTED_BYTES_MAX (4u << 20)

/* A PCI device, and the board it is on: 0x233010DE:0x16C110DE. */
struct device_filter {
        const char *text;
        bool valid; /* false: it is no such number, and no GPU is ever meant */
        uint16_t device, vendor;
        bool has_board;
        uint16_t board, board_vendor;
        uint32_t line, column;
};

struct wanted_slices {
        const char *text;
        struct slice_name name;
        unsigned count; /* may be 0 */
        uint32_t line, column;
};

struct migparted_entry {
        uint32_t line, column;
        const struct device_filter *filters;
        unsigned filter_count; /* 0: any GPU */
        bool all;
        const int64_t *indexes; /* unless `all` */
        unsigned index_count;
        bool mig;
        const struct wanted_slices *slices;
        unsigned slice_count;
};

struct migparted_config {
        const char *name;
        const struct migparted_entry *entries; /* later ones override earlier ones */
        unsigned entry_count;
};

struct migparted_file {
        struct arena arena;
        const char *name;
        const struct migparted_config *configs;
        unsigned config_count;
};

/* Errors: ERR_INPUT. Free with migparted_file_done(). */
int migparted_file_read(const char *name, const char *text, size_t bytes, struct migparted_file *ret_file, struct err *e);
void migparted_file_done(struct migparted_file *file);

/* `name` NULL or "": the only one there is. Errors: ERR_USAGE there are several, ERR_INPUT there is none of that name. */
int migparted_file_select(const struct migparted_file *file, const char *name, const struct migparted_config **ret_config, struct err *e);

/* "0x233010DE" or "0x233010DE:0x16C110DE", numbers as Go reads them (0x, 0o, 0b, a leading 0 is octal, '_' between digits). */
struct device_filter device_filter_parse(const char *text);
bool device_filter_matches(const struct device_filter *filter, uint16_t device, uint16_t vendor, uint16_t board, uint16_t board_vendor);
