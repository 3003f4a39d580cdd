/* What this process sees of the node: CARVE_SIM_VISIBLE, a list as NVIDIA_VISIBLE_DEVICES has it, with commas between:
 *
 *     all                  everything
 *     0, GPU-…             a GPU with all its slices
 *     0:1, MIG-…           one slice, and the GPU that it lies on; more of them may be named
 *
 * A slice is known by the numbers of its instances, as the device files of a container are: what is made later in its place is seen, too.
 */
#include "sim/node/mig.h"

#include "sim/nvml/client.h"

static void show_gpu(struct visible *v, unsigned gpu) {
        v->gpus |= 1U << gpu;
        v->whole |= 1U << gpu;
}

static void show_slice(struct visible *v, unsigned gpu, const struct node_gi *gi, const struct node_ci *ci) {
        v->gpus |= 1U << gpu;
        v->slices[gpu][gi->id % VISIBLE_GI_IDS] |= (uint8_t)(1U << ci->id % NODE_CIS_MAX);
}

/* "0" or "0:1". False: something else. */
static bool show_by_index(const struct node *n, const char *word, struct visible *v) {
        char *end;
        unsigned gi_slot, ci_slot;
        unsigned long gpu = strtoul(word, &end, 10);
        if (end == word || (*end && *end != ':'))
                return false;
        if (gpu >= n->gpu_count)
                return true;
        if (!*end) {
                show_gpu(v, (unsigned)gpu);
                return true;
        }
        const char *number = end + 1;
        unsigned long slice = strtoul(number, &end, 10);
        if (end != number && !*end && slice < NODE_GIS_MAX * NODE_CIS_MAX &&
            mig_device_at(&n->gpus[gpu], (unsigned)slice, &gi_slot, &ci_slot))
                show_slice(v, (unsigned)gpu, &n->gpus[gpu].gi[gi_slot], &n->gpus[gpu].gi[gi_slot].ci[ci_slot]);
        return true;
}

static void show_by_uuid(const struct node *n, const char *word, struct visible *v) {
        char uuid[MIG_UUID_MAX];
        for (unsigned g = 0; g < n->gpu_count; g++) {
                mig_gpu_uuid(&n->gpus[g], uuid);
                if (strcmp(uuid, word) == 0)
                        show_gpu(v, g);
                for (unsigned i = 0; i < NODE_GIS_MAX * NODE_CIS_MAX; i++) {
                        const struct node_gi *gi = &n->gpus[g].gi[i / NODE_CIS_MAX];
                        if (!gi->live || !gi->ci[i % NODE_CIS_MAX].live)
                                continue;
                        mig_device_uuid(n, g, i / NODE_CIS_MAX, i % NODE_CIS_MAX, uuid);
                        if (strcmp(uuid, word) == 0)
                                show_slice(v, g, gi, &gi->ci[i % NODE_CIS_MAX]);
                }
        }
}

/* As with NVIDIA's own variable, a name that fits nothing shows nothing. */
void visible_read(const struct node *n, const char *list, struct visible *ret_visible) {
        char word[MIG_UUID_MAX];
        *ret_visible = (struct visible){ 0 };
        if (!list || strcmp(list, "all") == 0) {
                ret_visible->gpus = ret_visible->whole = UINT32_MAX;
                return;
        }
        while (*list) {
                size_t length = strcspn(list, ",");
                snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : 0), list);
                if (*word && !show_by_index(n, word, ret_visible))
                        show_by_uuid(n, word, ret_visible);
                list += length + (list[length] == ',');
        }
}

bool call_sees(const struct call *call, unsigned gpu) {
        return gpu < call->node->gpu_count && client.visible.gpus & 1U << gpu;
}

unsigned call_gpu_count(const struct call *call) {
        return call_index_of(call, call->node->gpu_count);
}

unsigned call_index_of(const struct call *call, unsigned gpu) {
        unsigned index = 0;
        for (unsigned i = 0; i < gpu; i++)
                index += call_sees(call, i);
        return index;
}

bool call_gpu_at(const struct call *call, unsigned index, unsigned *ret_gpu) {
        for (unsigned i = 0; i < call->node->gpu_count; i++)
                if (call_sees(call, i) && index-- == 0) {
                        *ret_gpu = i;
                        return true;
                }
        return false;
}

bool call_sees_slice(unsigned gpu, const struct node_gi *gi, const struct node_ci *ci) {
        const struct visible *v = &client.visible;
        unsigned cis = v->whole >> gpu & 1 ? UINT8_MAX : v->slices[gpu][gi->id % VISIBLE_GI_IDS];
        return ci ? cis >> ci->id % NODE_CIS_MAX & 1 : cis != 0;
}

/* Who sees some slices of a GPU counts those, without holes. */
unsigned call_slice_index(const struct target *slice) {
        unsigned index = 0;
        if (client.visible.whole >> slice->gpu & 1)
                return slice->ci->mig_index;
        for (unsigned i = 0; i < NODE_GIS_MAX * NODE_CIS_MAX; i++) {
                const struct node_gi *gi = &slice->at->gi[i / NODE_CIS_MAX];
                const struct node_ci *ci = &gi->ci[i % NODE_CIS_MAX];
                if (gi->live && ci->live && ci->mig_index < slice->ci->mig_index && call_sees_slice(slice->gpu, gi, ci))
                        index++;
        }
        return index;
}

bool call_slice_at(const struct target *gpu, unsigned index, unsigned *ret_gi_slot, unsigned *ret_ci_slot) {
        struct target t = *gpu;
        for (unsigned i = 0; i < NODE_GIS_MAX * NODE_CIS_MAX; i++) {
                t.gi = &t.at->gi[i / NODE_CIS_MAX];
                t.ci = &t.gi->ci[i % NODE_CIS_MAX];
                if (t.gi->live && t.ci->live && call_sees_slice(t.gpu, t.gi, t.ci) && call_slice_index(&t) == index) {
                        *ret_gi_slot = i / NODE_CIS_MAX;
                        *ret_ci_slot = i % NODE_CIS_MAX;
                        return true;
                }
        }
        return false;
}
