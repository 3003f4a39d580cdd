#include "core/plan/pack/exact.h"

#include <string.h>

#include "base/mem.h"
#include "core/plan/pack/bound.h"
#include "core/plan/pack/engines.h"
#include "core/plan/pack/finish.h"
#include "core/plan/pack/group.h"
#include "core/plan/pack/integer.h"
#include "core/plan/pack/pools.h"

#define ROUNDS_MAX 5000
#define SIZE_QUICK 30000 /* pricing_size() above which the first rounds are quick looks */
#define TRIAL_SECONDS 3  /* for an exact round before thorough ones come first */
#define STALL_ROUNDS 8   /* quick rounds that must lower the LP by STALL_GAIN */
#define STALL_GAIN 0.002
#define COLUMNS_PER_ROUND 60 /* and group */
#define SMOOTHING 0.4        /* weight of the best values so far; 0.3 to 0.5 need about the same rounds on openb */
#define SMOOTHING_QUICK 0.1  /* as their bounds are weak, so are the values that gave the best */
#define SLACK 1e-5           /* a column must promise this much more than its price */
#define LP_SHARE 0.6         /* of the time limit; the rest is for whole nodes */
#define FIRST_SHARE 0.4      /* of the time limit, for the plan of any number of pools when that number is limited */
#define LP_GAP_SHARE 0.2     /* of the gap asked for: closer the LP need not be solved */

double exact_seconds(const struct exact *x) {
        return x->env->now_seconds(x->env->context) - x->started;
}

bool exact_must_end(struct exact *x, double share) {
        double limit = x->limits->seconds;

        x->stopped |= x->env->stop(x->env->context) || (limit > 0 && share >= 1 && exact_seconds(x) > limit);
        return x->stopped || (limit > 0 && exact_seconds(x) > share * limit);
}

static double gap(const struct exact *x) {
        return x->bound > 0 ? (x->best_cost - x->bound) / x->bound : 1;
}

bool exact_gap_reached(const struct exact *x) {
        return gap(x) <= x->limits->gap;
}

/* The progress over time; when there are more points than room, the newest replaces the last. */
static void report(struct exact *x) {
        struct pack_point point = { .seconds = exact_seconds(x), .cost = x->best_cost, .bound = x->bound };

        if (x->env->progress)
                x->env->progress(x->env->context, point);
        x->points[MIN(x->point_count, PACK_POINTS_MAX - 1u)] = point;
        x->point_count = MIN(x->point_count + 1, (size_t)PACK_POINTS_MAX);
}

void exact_offer(struct exact *x, const uint32_t *counts) {
        double cost = 0;

        for (size_t j = 0; j < x->pool.count; j++)
                cost += counts[j] * x->pool.columns[j].price;
        if (cost >= x->best_cost)
                return;
        x->best_cost = cost;
        x->best = mem_realloc(x->best, x->pool.count, sizeof *x->best);
        memcpy(x->best, counts, x->pool.count * sizeof *x->best);
        x->best_columns = x->pool.count;
        report(x);
}

/* ---- the start ---- */

/* The node's pods with its used GPUs numbered from 0 and the GPUs of one pod side by side, as a column has them. */
static uint32_t pods_of(const struct pack_problem *problem, const struct pack_node *node, struct column_pod *ret_pods) {
        uint32_t n = 0;
        unsigned next = 0;

        for (unsigned g = 0; g < PACK_GPUS_MAX; g++) {
                const struct pack_gpu *gpu = &node->gpus[g];
                if (gpu->count == 0)
                        continue;
                uint32_t item = gpu->slices[0].item;
                unsigned wide = MAX(problem->items[item].gpus, 1u), before = 0;
                for (unsigned h = 0; h < g; h++)
                        before += node->gpus[h].count > 0 && node->gpus[h].slices[0].item == item;
                if (wide > 1 && before % wide != 0) /* one more GPU of a pod that is taken already */
                        continue;
                for (unsigned s = 0; s < gpu->count; s++)
                        ret_pods[n++] =
                                (struct column_pod){ .item = gpu->slices[s].item, .option = gpu->slices[s].option, .gpu = (uint8_t)next };
                next += wide;
        }
        return n;
}

/* The greedy plan: the first columns, and the first answer. */
static int seed(struct exact *x, struct err *e) {
        struct column_pod pods[PACK_GPUS_MAX * PACK_SLICES_MAX];
        _cleanup_(pack_solution_done) struct pack_solution greedy = { 0 };
        int r = pack_best_fit(x->problem, x->env, &greedy, e);

        if (r < 0)
                return r;
        for (size_t i = 0; i < x->problem->item_count; i++)
                x->demand[i] = (double)(x->problem->items[i].count - greedy.unplaced[i]);
        x->best = mem_zalloc(greedy.node_count + 1, sizeof *x->best);
        for (size_t n = 0; n < greedy.node_count; n++) {
                uint32_t count = pods_of(x->problem, &greedy.nodes[n], pods);
                long column = column_pool_add(&x->pool, greedy.nodes[n].type, pods, count);
                if (column >= 0)
                        x->best[column] += greedy.nodes[n].count;
        }
        x->best_columns = x->pool.count;
        x->best_cost = greedy.usd_per_hour;
        report(x);
        return 0;
}

/* ---- the rounds ---- */

static double total_worth(const struct exact *x, const double *values) {
        double worth = 0;

        for (size_t i = 0; i < x->problem->item_count; i++)
                worth += values[i] * x->demand[i];
        return worth;
}

static int solve_master(struct exact *x, struct err *e) {
        if (x->pool.count > x->x_capacity) {
                x->x_capacity = x->pool.count + x->pool.count / 2;
                x->x = mem_realloc(x->x, x->x_capacity, sizeof *x->x);
        }
        double lp = master_solve(x->master, &x->pool, x->duals, x->x);
        if (lp < 0)
                return err_set(e, ERR_BUG, "the linear program of %zu columns could not be solved", x->pool.count);
        x->lp = lp;
        return 0;
}

struct rounds {
        struct exact *x;
        double *values, *centre; /* priced now; of the best bound */
        double smoothing;
        enum pricing_level level;
        double mark_lp; /* a while ago */
        uint32_t mark_iteration;
        bool tried_exact; /* and found it too slow for a start */
        double deadline;  /* of this round, in seconds since the start; 0 = none */
        bool cut_short;   /* this round ended before its time */
        bool converged;
};

static double smoothing_of(enum pricing_level level) {
        return level == PRICING_EXACT ? SMOOTHING : SMOOTHING_QUICK;
}

static bool round_must_end(void *context) {
        struct rounds *r = context;

        r->cut_short |= exact_must_end(r->x, LP_SHARE) || (r->deadline > 0 && exact_seconds(r->x) > r->deadline);
        return r->cut_short;
}

/* What a round that brought no column leads to: price nearer to the master, at last with its own values, then more exactly. The quick
 * look is followed by exact rounds if one of them takes less than TRIAL_SECONDS, else by thorough ones first. */
static void go_on(struct rounds *r) {
        if (r->smoothing > 0) {
                r->smoothing = r->smoothing > 0.05 ? r->smoothing / 4 : 0;
                return;
        }
        r->converged = r->level == PRICING_EXACT;
        r->level = PRICING_EXACT;
        r->smoothing = r->converged ? 0 : SMOOTHING;
}

/* Quick looks that gained little for a while give way to exact rounds before they are used up. */
static void look_back(struct rounds *r) {
        if (r->level != PRICING_QUICK || r->x->iterations < r->mark_iteration + STALL_ROUNDS)
                return;
        if (r->mark_lp > 0 && r->mark_lp - r->x->lp < STALL_GAIN * r->x->lp)
                r->level = PRICING_EXACT;
        r->mark_lp = r->x->lp;
        r->mark_iteration = r->x->iterations;
}

static void price(struct rounds *r, struct pricing_result *ret_result) {
        struct pricing_effort effort = {
                .level = r->level, .columns_max = COLUMNS_PER_ROUND, .slack = SLACK, .must_end = round_must_end, .context = r
        };
        bool trial = r->level == PRICING_EXACT && !r->tried_exact;

        r->cut_short = false;
        r->deadline = trial ? exact_seconds(r->x) + TRIAL_SECONDS : 0;
        pricing_round(r->x->pricing, r->values, &effort, &r->x->pool, ret_result);
        r->x->iterations++;
        if (trial && r->cut_short) {
                r->tried_exact = true;
                r->level = PRICING_THOROUGH;
        }
}

/* One pricing with smoothed values: new columns, and a bound. */
static void price_round(struct exact *x, struct rounds *r) {
        enum pricing_level level = r->level;
        struct pricing_result result;

        for (size_t i = 0; i < x->problem->item_count; i++)
                r->values[i] = r->smoothing * r->centre[i] + (1 - r->smoothing) * x->duals[i];
        price(r, &result);
        double scale = MAX(result.worst_ratio, 1e-9), bound = total_worth(x, r->values) / scale;
        if (bound > x->bound) {
                x->bound = bound;
                for (size_t i = 0; i < x->problem->item_count; i++)
                        r->centre[i] = r->values[i] / scale;
                report(x);
        }
        if (result.added > 0)
                r->smoothing = smoothing_of(r->level);
        else if (r->level == level)
                go_on(r);
        look_back(r);
}

static int solve_lp(struct exact *x, struct err *e) {
        size_t items = x->problem->item_count;
        _cleanup_free_ double *values = mem_zalloc(items + 1, sizeof *values), *centre = mem_zalloc(items + 1, sizeof *centre);
        struct rounds r = { .x = x,
                            .values = values,
                            .centre = centre,
                            .smoothing = SMOOTHING_QUICK,
                            .level = pricing_size(x->pricing) > SIZE_QUICK ? PRICING_QUICK : PRICING_EXACT };
        for (size_t i = 0; i < items; i++)
                centre[i] = bound_guess(x->problem, (uint32_t)i);
        int error = solve_master(x, e);

        for (unsigned round = 0; round < ROUNDS_MAX && error == 0 && !r.converged; round++) {
                if ((x->lp - x->bound) <= LP_GAP_SHARE * x->limits->gap * x->bound || exact_must_end(x, LP_SHARE))
                        break;
                size_t before = x->pool.count;
                price_round(x, &r);
                if (x->pool.count > before)
                        error = solve_master(x, e);
        }
        return error;
}

/* ---- all of it ---- */

static void start(struct exact *x) {
        size_t items = x->problem->item_count;

        x->started = x->env->now_seconds(x->env->context);
        x->demand = mem_zalloc(items + 1, sizeof *x->demand);
        x->duals = mem_zalloc(items + 1, sizeof *x->duals);
        column_pool_init(&x->pool, x->problem);
}

static void done(struct exact *x) {
        column_pool_done(&x->pool);
        pricing_free(x->pricing);
        master_free(x->master);
        free(x->demand);
        free(x->duals);
        free(x->x);
        free(x->best);
}

static int run(struct exact *x, uint32_t max_pools, struct err *e) {
        int r = seed(x, e);

        if (r < 0 || x->pool.count == 0) /* nothing that could be placed */
                return r;
        x->pricing = pricing_new(x->problem);
        x->master = master_new(x->coin, x->problem, x->demand);
        r = solve_lp(x, e);
        if (r == 0 && (max_pools == 0 || pools_of_lp(x) <= 2 * max_pools)) /* else whole nodes come when the pools are chosen */
                integer_improve(x);
        return r;
}

/* The nodes of the best plan; of one with few pools if that has too many. */
static int write_nodes(const struct exact *x, uint32_t max_pools, struct pack_solution *s, struct err *e) {
        _cleanup_free_ uint32_t *counts = mem_zalloc(x->pool.count + 1, sizeof *counts);

        if (x->best_columns > 0)
                memcpy(counts, x->best, x->best_columns * sizeof *counts);
        int r = finish_nodes(&x->pool, counts, x->demand, s, e);
        if (r < 0 || max_pools == 0)
                return r;
        r = cut_number_pools(x->problem, s, e);
        if (r < 0 || (s->pool_count <= max_pools && exact_gap_reached(x)))
                return r;
        struct pack_solution limited = { 0 };
        r = pools_limit(x, max_pools, &limited, e);
        if (r < 0 || (s->pool_count <= max_pools && s->usd_per_hour <= limited.usd_per_hour)) {
                pack_solution_done(&limited);
                return s->pool_count <= max_pools ? 0 : r;
        }
        pack_solution_free_nodes(s);
        s->nodes = limited.nodes;
        s->node_count = limited.node_count;
        s->pools = limited.pools;
        s->pool_count = limited.pool_count;
        s->usd_per_hour = limited.usd_per_hour;
        return 0;
}

static int write_solution(struct exact *x, uint32_t max_pools, struct pack_solution *ret_solution, struct err *e) {
        struct pack_solution s = {
                .bound_usd_per_hour = x->bound,
                .iterations = x->iterations,
                .columns = (uint32_t)x->pool.count,
                .exact_engine = true,
        };

        s.unplaced = mem_zalloc(x->problem->item_count + 1, sizeof *s.unplaced);
        for (size_t i = 0; i < x->problem->item_count; i++)
                s.unplaced[i] = x->problem->items[i].count - (uint32_t)x->demand[i];
        int r = write_nodes(x, max_pools, &s, e);
        if (r < 0) {
                pack_solution_done(&s);
                return r;
        }
        x->best_cost = s.usd_per_hour;
        report(x);
        s.seconds = exact_seconds(x);
        s.proved = s.node_count == 0 || exact_gap_reached(x);
        s.stopped = x->stopped;
        s.point_count = x->point_count;
        memcpy(s.points, x->points, sizeof s.points);
        *ret_solution = s;
        return 0;
}

int pack_exact(const struct pack_problem *problem, const struct coin *coin, const struct pack_limits *limits, const struct pack_env *env,
               struct pack_solution *ret_solution, struct err *e) {
        struct exact x = { .problem = problem, .coin = coin, .env = env };

        struct pack_limits first = *limits;

        first.seconds *= limits->max_pools > 0 ? FIRST_SHARE : 1;
        x.limits = &first;
        start(&x);
        int r = run(&x, limits->max_pools, e);
        x.limits = limits;
        if (r == 0)
                r = write_solution(&x, limits->max_pools, ret_solution, e);
        done(&x);
        return r;
}
