#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/file/file.h"

/* One file or folder that was met, by what it is rather than by its name: two links to one manifest are one manifest, and a folder that
 * contains itself is entered once. */
struct met {
        struct identity {
                dev_t device;
                ino_t inode;
        } identity;
        UT_hash_handle hh;
};

struct walk {
        const char *const *suffixes;
        file_visit visit;
        void *context;
        size_t count;
        struct arena arena;
        struct met *met;
};

static bool first_meeting(struct walk *w, const struct stat *st) {
        struct met *met;
        struct identity identity;

        memset(&identity, 0, sizeof identity); /* it is hashed byte by byte */
        identity.device = st->st_dev;
        identity.inode = st->st_ino;
        HASH_FIND(hh, w->met, &identity, sizeof identity, met);
        if (met)
                return false;
        met = arena_zalloc(&w->arena, sizeof *met);
        met->identity = identity;
        HASH_ADD(hh, w->met, identity, sizeof identity, met);
        return true;
}

static bool has_suffix(const char *name, const char *const *suffixes) {
        size_t length = strlen(name);

        for (; *suffixes; suffixes++) {
                size_t n = strlen(*suffixes);
                if (length > n && !strcmp(name + length - n, *suffixes))
                        return true;
        }
        return false;
}

struct names {
        char **items;
        size_t count, capacity;
};

static void names_done(struct names *n) {
        for (size_t i = 0; i < n->count; i++)
                free(n->items[i]);
        free(n->items);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_folder(DIR **folder) {
        if (*folder)
                closedir(*folder);
}

static int list(const char *path, struct names *names, struct err *e) {
        _cleanup_(close_folder) DIR *folder = opendir(path);
        struct dirent *entry;

        if (!folder)
                return err_set(e, ERR_SYSTEM, "%s: folder cannot be opened: %s", path, strerror(errno));
        while ((errno = 0, entry = readdir(folder))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (names->count == FILE_COUNT_MAX)
                        return err_set(e, ERR_INPUT, "%s: more than %d files in one folder", path, FILE_COUNT_MAX);
                MEM_GROW(names->items, names->count, names->capacity);
                names->items[names->count++] = mem_strdup(entry->d_name);
        }
        if (errno)
                return err_set(e, ERR_SYSTEM, "%s: folder cannot be read: %s", path, strerror(errno));
        if (names->count > 1)
                qsort(names->items, names->count, sizeof *names->items, compare_names);
        return 0;
}

static int visit_file(struct walk *w, const char *path, struct err *e) {
        if (w->count++ == FILE_COUNT_MAX)
                return err_set(e, ERR_INPUT, "%s: more than %d files; name fewer folders", path, FILE_COUNT_MAX);
        return w->visit(path, w->context, e);
}

static int walk_folder(struct walk *w, const char *path, unsigned depth, struct err *e) {
        _cleanup_(names_done) struct names names = { 0 };
        int r = depth > FILE_DEPTH_MAX ? err_set(e, ERR_INPUT, "%s: more than %d folders deep", path, FILE_DEPTH_MAX)
                                       : list(path, &names, e);

        for (size_t i = 0; r >= 0 && i < names.count; i++) {
                _cleanup_free_ char *below = mem_printf("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", names.items[i]);
                struct stat st;
                if (stat(below, &st) < 0) {
                        /* A link that leads nowhere (or in a circle) may be a manifest that is missing: say so rather than plan without it.
                         */
                        if (has_suffix(below, w->suffixes))
                                r = err_set(e, ERR_NOT_FOUND, "%s: %s", below, strerror(errno));
                } else if (S_ISDIR(st.st_mode)) {
                        if (first_meeting(w, &st))
                                r = walk_folder(w, below, depth + 1, e);
                } else if (S_ISREG(st.st_mode) && has_suffix(below, w->suffixes) && first_meeting(w, &st)) {
                        r = visit_file(w, below, e);
                }
        }
        return r;
}

int file_walk(const char *path, const char *const *suffixes, file_visit visit, void *context, struct err *e) {
        struct walk w = { .suffixes = suffixes, .visit = visit, .context = context };
        struct stat st;

        if (!strcmp(path, "-"))
                return visit(path, context, e);
        if (stat(path, &st) < 0)
                return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM, "%s: %s", path,
                               errno == ENOENT ? "no such file or folder" : strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return visit(path, context, e);
        first_meeting(&w, &st);
        int r = walk_folder(&w, path, 1, e);
        HASH_CLEAR(hh, w.met);
        arena_done(&w.arena);
        return r < 0 ? r : 0;
}
