/* same: does a solution hold the same nodes as the pod-by-pod one? */
#pragma once

#include "naive.h"

typedef int (*pack_engine_function)(const struct pack_problem *problem, const struct pack_env *env, struct pack_solution *ret_solution,
                                    struct err *e);
typedef void (*naive_function)(const struct pack_problem *problem, struct naive *ret_naive);

/* Solve a random problem both ways: the engine's answer must survive pack_check(), and hold as many nodes of each type and content as the
 * naive one. Fails the test otherwise. */
void assert_same_as_naive(uint64_t seed, bool mig, pack_engine_function engine, naive_function naive);
