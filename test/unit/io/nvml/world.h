/* world: a simulated machine and a driver opened on it, for one test.
 *
 * The library is the one that sim/nvml builds, loaded as carve loads a real one. What a test expects comes from the node itself: from its
 * description, or from what sim/node did to it behind the driver's back.
 */
#pragma once

#include "../../unit.h"

#include "io/nvml/driver.h"
#include "sim/node/event.h"
#include "sim/node/fault.h"
#include "sim/node/mig.h"
#include "sim/node/process.h"
#include "sim/store/store.h"

struct world {
        char dir[64];
        struct store store;
        struct store_write write;
        struct node node; /* as it was read last, or while it is changed */
        struct driver *driver;
};

/* The library's path: the first argument of the test. */
extern const char *world_library;

/* `models`: "A100-80GB H100-80GB" (at most NODE_GPUS_MAX); MIG is on. Operations take no time. `options` may be NULL; its library is not
 * looked at. Each test has one world at a time: the folder goes through the environment. */
struct world *world_new(const char *models, const char *driver, const struct driver_options *options);
void world_free(struct world *w);
DEFINE_CLEANUP(struct world *, world_free)

const struct node *world_look(struct world *w); /* the newest node */

/* Change the node behind the driver's back: begin, change w->node, end. */
void world_begin(struct world *w);
void world_end(struct world *w);
uint64_t world_now_us(void);

/* Short forms. A fault on every call of that name: `code` 0 makes it hang. */
void world_fault(struct world *w, unsigned gpu, const char *call, enum node_fault_kind kind, unsigned code_or_ms, unsigned times);
void world_clear_faults(struct world *w);
uint32_t world_start(struct world *w, unsigned gpu, unsigned gi_id, unsigned ci_id, const char *name); /* a process; its pid */
void world_end_process(struct world *w, uint32_t pid);

/* The layout of a GPU as the node has it, as text. */
void world_layout(struct world *w, unsigned gpu, char text[LAYOUT_TEXT_MAX]);
