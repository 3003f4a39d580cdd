/* file: reads files and folders within bounds, writes files so that they are whole or not there.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define FILE_DEPTH_MAX 32      /* folders in folders */
#define FILE_COUNT_MAX 1000000 /* files of one walk */

/* Read a whole file, or standard input for "-", of at most `max_bytes`. The text is NUL-terminated and the caller frees it.
 * Errors: ERR_NOT_FOUND, ERR_INPUT (too large: says the size and the limit; a folder; a device), ERR_SYSTEM. A pipe is read to its end. */
int file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes, struct err *e);

/* Call `visit` with each file below `path` whose name ends in one of `suffixes` (NULL-terminated list), in sorted order; a `path` that is
 * itself a file (or "-") is visited whatever its name. Symbolic links are followed once, never in circles. Hidden files and folders are
 * left out. */
typedef int (*file_visit)(const char *path, void *context, struct err *e);
int file_walk(const char *path, const char *const *suffixes, file_visit visit, void *context, struct err *e);

/* Write to a temporary file beside `path`, fsync, rename: a reader sees the old content or the new one, and after an error the old. A link
 * is followed; a pipe or device is written in place. "-" is standard output. Errors: ERR_SYSTEM. */
int file_write(const char *path, const char *text, size_t bytes, struct err *e);
