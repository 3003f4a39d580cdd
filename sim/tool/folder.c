#include "sim/tool/folder.h"

#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "sim/store/store.h"

uint64_t folder_now_us(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* To this program a folder of another version is one that cannot be used, like a damaged one. */
static int folder_open(struct store *store, const char *dir, struct err *e) {
        int r = store_open(store, dir, e);

        if (r == -ERR_IMPOSSIBLE)
                e->code = ERR_INPUT;
        return r < 0 ? -(int)e->code : r;
}

int folder_read(const char *dir, struct node *ret, struct err *e) {
        struct store store = { .fd = -1 };
        int r = folder_open(&store, dir, e);

        if (r < 0)
                return r;
        r = store_refresh(&store, ret, NULL, e);
        store_close(&store);
        return r;
}

int folder_edit(const char *dir, folder_change change, void *context, struct err *e) {
        _cleanup_free_ struct node *working = mem_zalloc(1, sizeof *working);
        struct store store = { .fd = -1 };
        struct store_write write;
        struct err why;
        int r = folder_open(&store, dir, e);

        if (r < 0)
                return r;
        if ((r = store_begin(&store, &write, working, e)) >= 0) {
                r = change(working, context, folder_now_us(), e);
                if (r < 0)
                        store_end(&store, &write, NULL, &why);
                else if ((r = store_end(&store, &write, working, e)) == 0 && store_repair(&store, &why) < 0)
                        log_warning("the node is changed, but %s/root does not show all of it: %s", dir, why.text);
        }
        store_close(&store);
        return r;
}
