#include "cmd/gpus_change.h"

#include <string.h>

#include "base/log.h"
#include "cmd/gpus_stop.h"

#define NAMES_MAX 200

/* Compute slices of NVML_COMPUTE_INSTANCE_PROFILE_*. The last is the 1g slice with the memory of two. */
static const uint8_t compute_slices[] = { 1, 2, 3, 4, 7, 8, 6, 1 };

/* The profile that makes a part of so many compute slices. */
static uint32_t compute_profile(unsigned slices) {
        for (uint32_t i = 0; i < ARRAY_SIZE(compute_slices); i++)
                if (compute_slices[i] == slices)
                        return i;
        return 0;
}

static struct compute_cut cut_of(const struct driver_slice *slice) {
        struct compute_cut cut = { 0 };

        for (unsigned i = 0; i < slice->compute_count; i++)
                if (slice->compute[i].profile_id < ARRAY_SIZE(compute_slices))
                        cut.of[compute_slices[slice->compute[i].profile_id]]++;
        return cut;
}

static int take_slices(const struct gpus_node *n, struct gpu_plan *p, struct err *e) {
        const struct driver_gpu *gpu = &n->node.gpus[p->gpu];
        const struct live_model *live = &n->live[p->gpu];
        struct layout layout;

        if (!live_layout(live, gpu, &layout))
                return err_set(e, ERR_GPU, "GPU %u has slices that its driver does not offer (see `carve gpus`): remove them first",
                               p->gpu);
        for (unsigned i = 0; i < gpu->slice_count; i++) {
                const struct driver_slice *slice = &gpu->slices[i];
                p->from[i] = (struct change_from){ .slice = { live_profile(live, slice->profile_id), (uint8_t)slice->start },
                                                   .cut = cut_of(slice),
                                                   .busy = slice->process_count > 0 };
                p->from_ids[i] = slice->id;
        }
        p->from_count = gpu->slice_count;
        return 0;
}

/* In place of ERR_AGAIN: who is in the way, with the processes. */
static int name_blockers(const struct gpus_node *n, const struct gpu_plan *p, uint32_t blockers, struct err *e) {
        struct buf text = BUF(ERR_TEXT_MAX);
        bool several = blockers & (blockers - 1);

        for (unsigned i = 0, named = 0; i < p->from_count; i++) {
                char names[NAMES_MAX];
                if (!(blockers >> i & 1))
                        continue;
                gpus_process_names(&n->node.gpus[p->gpu], p->from_ids[i], names, sizeof names);
                buf_printf(&text, "%s%s at %u (%s)", named++ ? ", " : "", p->from[i].slice.profile->name, p->from[i].slice.start, names);
        }
        int r = err_set(e, ERR_GPU, "GPU %u: in use and in the way: %s. It can be done once %s", p->gpu, buf_text(&text),
                        several ? "they have ended" : "that has ended");
        buf_done(&text);
        return r;
}

static int plan_slices(const struct gpus_node *n, struct gpu_plan *p, struct err *e) {
        const struct gpu_model *model = &n->live[p->gpu].model;
        uint32_t blockers = 0;
        int r;

        if (!p->switches && (r = take_slices(n, p, e)) < 0)
                return r;
        r = layout_change_blockers(model, p->from, p->from_count, p->want.slices, p->want.slice_count, &blockers, e);
        if (r < 0)
                return err_wrap(e, "GPU %u", p->gpu);
        if (blockers)
                return name_blockers(n, p, blockers, e);
        r = layout_change(model, p->from, p->from_count, p->want.slices, p->want.slice_count, &p->change, e);
        if (r < 0)
                return err_wrap(e, "GPU %u", p->gpu);
        p->cuts = p->change.created + p->change.destroyed > 0;
        if (p->change.destroyed > 0 && *n->node.gpus[p->gpu].processes_unknown)
                log_warning("GPU %u: it cannot be seen which slices are in use (%s): the driver will refuse to destroy those that are",
                            p->gpu, n->node.gpus[p->gpu].processes_unknown);
        return 0;
}

static int check_idle(const struct driver_gpu *gpu, bool on, struct err *e) {
        char names[NAMES_MAX];

        if (gpus_process_names(gpu, DRIVER_NONE, names, sizeof names) == 0)
                return 0;
        return err_set(e, ERR_GPU, "GPU %u: MIG can be turned %s only while nothing uses the GPU; it is used by %s", gpu->index,
                       on ? "on" : "off", names);
}

int gpu_plan_make(const struct gpus_node *n, unsigned index, const struct gpus_layout *layout, bool mode_only, struct gpu_plan *ret_plan,
                  struct err *e) {
        const struct driver_gpu *gpu = &n->node.gpus[index];
        struct gpu_plan p = { .gpu = index };
        char why[GPUS_WHY_MAX];
        int r;

        if (*gpu->health.fault)
                return err_set(e, ERR_GPU, "%s", gpu->health.fault);
        if ((r = gpus_want(layout, n, index, false, &p.want, e)) < 0)
                return r;
        if (!gpu->mig_capable && p.want.mig && p.want.named)
                return err_set(e, ERR_IMPOSSIBLE, "GPU %u (%s) has no MIG", index, gpu->product);
        p.left_alone = !p.want.said || !gpu->mig_capable;
        p.switches = !p.left_alone && p.want.mig != gpu->mig_on;
        if (p.switches && (r = check_idle(gpu, p.want.mig, e)) < 0)
                return r;
        if (!p.left_alone && p.want.mig && !mode_only && !gpus_has(n, index, &p.want, why) && (r = plan_slices(n, &p, e)) < 0)
                return r;
        *ret_plan = p;
        return 0;
}

/* "1g.10gb at 0", "3g.40gb (1c, 2c) at 4" */
static void add_slice(const struct gpu_profile *profile, unsigned start, const struct compute_cut *cut, struct buf *out) {
        const struct compute_cut whole = compute_whole(profile);
        bool first = true;

        buf_adds(out, profile->name);
        for (unsigned size = COMPUTE_SLICES_MAX; size >= 1 && !compute_equal(cut, &whole); size--)
                for (unsigned i = 0; i < cut->of[size]; i++, first = false)
                        buf_printf(out, "%s%uc", first ? " (" : ", ", size);
        buf_printf(out, "%s at %u", first ? "" : ")", start);
}

static void print_staying(const struct driver_gpu *gpu, const struct gpu_plan *p, struct buf *out) {
        char names[NAMES_MAX];

        for (unsigned i = 0; i < p->from_count; i++) {
                if (p->change.becomes[i] == CHANGE_GOES)
                        continue;
                buf_adds(out, "  stays  ");
                add_slice(p->from[i].slice.profile, p->from[i].slice.start, &p->from[i].cut, out);
                if (gpus_process_names(gpu, p->from_ids[i], names, sizeof names) > 0)
                        buf_printf(out, ", used by %s", names);
                buf_addc(out, '\n');
        }
}

static void print_changing(const struct gpu_plan *p, struct buf *out) {
        for (unsigned i = 0; i < p->from_count; i++)
                if (p->change.becomes[i] == CHANGE_GOES) {
                        buf_adds(out, "  goes   ");
                        add_slice(p->from[i].slice.profile, p->from[i].slice.start, &p->from[i].cut, out);
                        buf_addc(out, '\n');
                }
        for (unsigned i = 0; i < p->want.slice_count; i++)
                if (!p->change.stays[i]) {
                        buf_adds(out, "  comes  ");
                        add_slice(p->want.slices[i].profile, p->change.starts[i], &p->want.slices[i].cut, out);
                        buf_addc(out, '\n');
                }
}

void gpu_plan_print(const struct gpus_node *n, const struct gpu_plan *p, struct buf *out) {
        const struct driver_gpu *gpu = &n->node.gpus[p->gpu];

        buf_printf(out, "GPU %u (%s)%s\n", p->gpu, gpu->product,
                   p->left_alone          ? ": left as it is"
                   : gpu_plan_is_empty(p) ? ": nothing to do"
                                          : "");
        if (p->switches && p->want.mig)
                buf_adds(out, "  MIG is turned on\n");
        else if (p->switches)
                buf_printf(out, "  MIG is turned off%s\n", gpu->slice_count ? ", all its slices go" : "");
        if (p->cuts) {
                print_staying(gpu, p, out);
                print_changing(p, out);
        }
}

/* The first `done` steps of destroying and creating are done, in the order of print_changing(). */
static void tell_undone(const struct gpu_plan *p, unsigned done, struct buf *undone) {
        struct buf lines = BUF(64u << 10);
        const char *line;
        unsigned step = 0;

        print_changing(p, &lines);
        for (line = buf_text(&lines); *line; line = strchr(line, '\n') + 1, step++) {
                bool made = strncmp(line, "  comes", 7) == 0;
                const char *what = line + 9;
                buf_printf(undone, "%s%.*s %s", undone->length ? "; " : "", (int)strcspn(what, "\n"), what,
                           step < done ? (made ? "was made" : "was removed") : (made ? "is still to be made" : "is still there"));
        }
        buf_done(&lines);
}

static int create(struct gpus_node *n, const struct gpu_plan *p, unsigned i, struct err *e) {
        const struct change_to *to = &p->want.slices[i];
        const struct compute_cut whole = compute_whole(to->profile);
        struct driver_wish wish = { .profile_id = n->live[p->gpu].ids[to->profile->index], .start = p->change.starts[i] };
        struct driver_slice made;

        for (unsigned size = COMPUTE_SLICES_MAX; size >= 1 && !compute_equal(&to->cut, &whole); size--)
                for (unsigned k = 0; k < to->cut.of[size] && wish.compute_count < DRIVER_COMPUTE_MAX; k++)
                        wish.compute[wish.compute_count++] = compute_profile(size);
        return driver_create_slice(n->driver, p->gpu, &wish, &made, e);
}

static int check_stop(const struct gpu_plan *p, struct err *e) {
        return gpus_stop_asked() ? err_set(e, ERR_GPU, "GPU %u: stopped by a signal", p->gpu) : 0;
}

static int change_slices(struct gpus_node *n, const struct gpu_plan *p, struct buf *undone, struct err *e) {
        const struct driver_slice *slices = n->node.gpus[p->gpu].slices; /* what `from` was taken from */
        unsigned done = 0;
        int r = 0;

        for (unsigned i = 0; i < p->from_count && r == 0; i++)
                if (p->change.becomes[i] == CHANGE_GOES && (r = check_stop(p, e)) == 0 &&
                    (r = driver_destroy_slice(n->driver, p->gpu, &slices[i], e)) == 0)
                        done++;
        for (unsigned i = 0; i < p->want.slice_count && r == 0; i++)
                if (!p->change.stays[i] && (r = check_stop(p, e)) == 0 && (r = create(n, p, i, e)) == 0)
                        done++;
        if (r < 0)
                tell_undone(p, done, undone);
        return r;
}

static int switch_mode(struct gpus_node *n, const struct gpu_plan *p, struct buf *undone, struct err *e) {
        char note[DRIVER_NOTE_MAX];
        bool on = !p->want.mig;
        int r = driver_set_mig(n->driver, p->gpu, p->want.mig, &on, note, e);

        if (r < 0)
                return r;
        if (on != p->want.mig)
                return err_set(e, ERR_GPU, "GPU %u: %s. Then run this again", p->gpu, note);
        buf_printf(undone, "MIG was turned %s", on ? "on" : "off");
        return gpus_read_gpu(n, p->gpu, e);
}

/* Nobody else shall be at it at the same time; where somebody is, this is not what was asked for. */
static int check_done(struct gpus_node *n, const struct gpu_plan *p, struct err *e) {
        char why[GPUS_WHY_MAX];
        int r = gpus_read_gpu(n, p->gpu, e);

        if (r < 0 || gpus_has(n, p->gpu, &p->want, why))
                return r;
        return err_set(e, ERR_GPU, "GPU %u: all was done, and another program changed it at the same time: %s", p->gpu, why);
}

int gpu_plan_do(struct gpus_node *n, const struct gpus_layout *layout, const struct gpu_plan *plan, bool mode_only, struct buf *undone,
                struct err *e) {
        struct gpu_plan p = *plan;
        int r = 0;

        if (p.switches && (r = switch_mode(n, &p, undone, e)) == 0)
                r = gpu_plan_make(n, p.gpu, layout, mode_only, &p, e); /* a driver may tell other profiles now */
        if (r == 0 && p.cuts)
                r = change_slices(n, &p, undone, e);
        if (r == 0 && p.cuts)
                r = check_done(n, &p, e);
        if (r < 0)
                e->code = ERR_GPU; /* the layout is possible, as the plan shows; it is the driver that would not */
        return r < 0 ? -ERR_GPU : 0;
}
