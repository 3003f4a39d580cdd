#include "sim/node/driver.h"

#include "base/mem.h"

#define DRIVER_OLDEST 450
#define TELLS_PROFILES_ALWAYS 550
#define DRIFT_ALL 255 /* not of one profile */

enum drift_kind {
        DRIFT_MIG,          /* MIG of this model is known */
        DRIFT_PROFILE,      /* this profile is known */
        DRIFT_NO_3G_BESIDE, /* this profile suffers no 3g beside it */
        DRIFT_NAME,
        DRIFT_MEMORY_MIB,
};

/* It holds from driver `from` (0: always) to the one before `below` (0: still). */
struct drift {
        uint8_t kind, model, profile;
        uint64_t from, below;
        uint32_t memory_mib;
        const char *name;
};

static const struct drift drifts[] = {
#include "drift_rows.h"
};

/* Driver branches, the CUDA version that each reports, and a release of each for who names only the branch (NVIDIA's CUDA release notes and
 * driver archive). */
static const struct branch {
        uint16_t major, cuda;
        const char *release;
} branches[] = {
        { 450, 11000, "450.80.02" }, { 455, 11010, "455.32.00" },  { 460, 11020, "460.32.03" }, { 465, 11030, "465.19.01" },
        { 470, 11040, "470.57.02" }, { 495, 11050, "495.29.05" },  { 510, 11060, "510.47.03" }, { 515, 11070, "515.43.04" },
        { 520, 11080, "520.61.05" }, { 525, 12000, "525.60.13" },  { 530, 12010, "530.30.02" }, { 535, 12020, "535.183.01" },
        { 545, 12030, "545.23.06" }, { 550, 12040, "550.54.15" },  { 555, 12050, "555.42.02" }, { 560, 12060, "560.28.03" },
        { 565, 12070, "565.57.01" }, { 570, 12080, "570.133.20" }, { 575, 12090, "575.51.03" }, { 580, 13000, "580.95.05" },
        { 590, 13010, "590.48.01" }, { 595, 13020, "595.45.04" },
};

/* How many profiles of GPU instances and how many field values the library of each branch knows: NVML_GPU_INSTANCE_PROFILE_COUNT and
 * NVML_FI_MAX of the branch's first Python bindings (nvidia-ml-py). */
static const struct counts {
        uint16_t major, profiles, fields;
} counts[] = {
        { 450, 5, 146 },  { 460, 7, 161 },  { 470, 8, 161 },  { 525, 10, 197 }, { 550, 10, 200 }, { 555, 10, 223 },
        { 560, 10, 230 }, { 570, 13, 269 }, { 575, 17, 274 }, { 590, 17, 289 }, { 595, 17, 296 }, { 610, 18, 303 },
};

int driver_parse(const char *text, uint16_t ret_numbers[3], struct err *e) {
        unsigned numbers[3] = { 0 }, part = 0, digits = 0;

        for (const char *c = text; *c; c++) {
                bool digit = *c >= '0' && *c <= '9';
                if (digit && digits < 4) {
                        numbers[part] = numbers[part] * 10 + (unsigned)(*c - '0');
                        digits++;
                } else if (*c == '.' && digits > 0 && part < 2) {
                        part++;
                        digits = 0;
                } else {
                        return err_set(e, ERR_INPUT, "'%s' is not a driver version such as 590.48.01", text);
                }
        }
        if (!digits)
                return err_set(e, ERR_INPUT, "'%s' is not a driver version such as 590.48.01", text);
        if (numbers[0] < DRIVER_OLDEST)
                return err_set(e, ERR_INPUT, "driver %s is older than R%u, the first one with MIG", text, DRIVER_OLDEST);
        for (unsigned i = 0; i < 3; i++)
                ret_numbers[i] = (uint16_t)numbers[i];
        return 0;
}

int driver_whole(const char *text, const char **ret_text, struct err *e) {
        uint16_t numbers[3];

        int r = driver_parse(text, numbers, e);
        if (r < 0)
                return r;
        if (strchr(text, '.')) {
                *ret_text = text;
                return 0;
        }
        for (unsigned i = 0; i < ARRAY_SIZE(branches); i++)
                if (branches[i].major == numbers[0]) {
                        *ret_text = branches[i].release;
                        return 0;
                }
        return err_set(e, ERR_INPUT, "no release of a driver branch %s is known: give a whole version such as 590.48.01", text);
}

uint16_t driver_cuda(unsigned major) {
        uint16_t cuda = branches[0].cuda;

        for (unsigned i = 0; i < ARRAY_SIZE(branches) && branches[i].major <= major; i++)
                cuda = branches[i].cuda;
        return cuda;
}

uint64_t driver_of(const struct node *n) {
        return DRIVER(n->driver_major, n->driver_minor, n->driver_patch);
}

static bool concerns(const struct drift *d, unsigned kind, const struct gpu_model *model, unsigned profile) {
        return d->kind == kind && d->model == gpu_model_index(model) && d->profile == profile;
}

static bool holds(const struct drift *d, const struct node *n) {
        uint64_t driver = driver_of(n);

        return driver >= d->from && (!d->below || driver < d->below);
}

/* What the data says of this under this driver, or NULL. */
static const struct drift *drift_find(const struct node *n, unsigned kind, const struct gpu_model *model,
                                      const struct gpu_profile *profile) {
        for (unsigned i = 0; i < ARRAY_SIZE(drifts); i++)
                if (concerns(&drifts[i], kind, model, profile->index) && holds(&drifts[i], n))
                        return &drifts[i];
        return NULL;
}

/* What no row speaks of is known to every driver. */
static bool known(const struct node *n, unsigned kind, const struct gpu_model *model, unsigned profile) {
        for (unsigned i = 0; i < ARRAY_SIZE(drifts); i++)
                if (concerns(&drifts[i], kind, model, profile))
                        return holds(&drifts[i], n);
        return true;
}

bool driver_knows_mig(const struct node *n, const struct gpu_model *model) {
        return model->compute_slices > 0 && known(n, DRIFT_MIG, model, DRIFT_ALL);
}

bool driver_knows_profile(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile) {
        return driver_knows_mig(n, model) && profile->nvml < driver_profile_count(n) && known(n, DRIFT_PROFILE, model, profile->index);
}

bool driver_uses_gsp(const struct node *n, const struct gpu_model *model) {
        return n->driver_major >= 510 && (model->cc_major > 7 || (model->cc_major == 7 && model->cc_minor >= 5));
}

bool driver_tells_profiles_always(const struct node *n) {
        return n->driver_major >= TELLS_PROFILES_ALWAYS;
}

static struct counts counts_of(const struct node *n) {
        struct counts found = counts[0];

        for (unsigned i = 0; i < ARRAY_SIZE(counts) && counts[i].major <= n->driver_major; i++)
                found = counts[i];
        return found;
}

unsigned driver_profile_count(const struct node *n) {
        return counts_of(n).profiles;
}

unsigned driver_field_count(const struct node *n) {
        return counts_of(n).fields;
}

bool driver_allows_beside(const struct node *n, const struct gpu_model *model, const struct gpu_profile *a, const struct gpu_profile *b) {
        bool three_a = a->compute_slices == 3, three_b = b->compute_slices == 3;

        return !(three_b && drift_find(n, DRIFT_NO_3G_BESIDE, model, a)) && !(three_a && drift_find(n, DRIFT_NO_3G_BESIDE, model, b));
}

uint32_t driver_memory_mib(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile) {
        const struct drift *d = drift_find(n, DRIFT_MEMORY_MIB, model, profile);

        return d ? d->memory_mib : profile->memory_mib;
}

const char *driver_profile_name(const struct node *n, const struct gpu_model *model, const struct gpu_profile *profile) {
        const struct drift *d = drift_find(n, DRIFT_NAME, model, profile);

        return d ? d->name : profile->name;
}
