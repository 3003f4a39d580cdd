/* tree_file: single files and folders below an open folder. Paths are relative to it. Errors: ERR_SYSTEM, which name the path. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define TREE_SPARE ".spare" /* what is not shown now, and what is being written */
#define TREE_TEXT_MAX 2048
#define TREE_DEPTH_MAX 16

int tree_failed(const char *path, struct err *e); /* the error that errno says */
int tree_folder(int root, const char *path, struct err *e);
int tree_node(int root, const char *path, mode_t mode, struct err *e); /* an empty file; one that is there stays */

/* A file with that text, printf-like, of TREE_TEXT_MAX bytes at most. One that says so already stays; else it is replaced at once. */
int tree_text(int root, const char *path, mode_t mode, struct err *e, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A long file: write what goes into the open file, then rename. */
int tree_begin(int root, mode_t mode, struct err *e);
bool tree_write(int fd, const char *text, size_t bytes); /* false: errno says why */
int tree_finish(int root, int fd, const char *path, struct err *e);

/* Remove the file or the folder with all that is in it; symbolic links are removed, not followed. What resists stays. */
void tree_delete(int root, const char *path);
/* Remove from the folder `path` all that `keeps` does not want. */
void tree_sweep(int root, const char *path, bool (*keeps)(const char *name, const void *context), const void *context);
