/* coin: the COIN-OR solvers CLP (linear programs) and CBC (integer programs), loaded at run time.
 *
 * Only the code that solves needs them, so the binary does not link them: where they are missing carve still plans (greedily, with a
 * bound). The functions are those of coin/Clp_C_Interface.h (1.17) and coin/Cbc_C_Interface.h (2.10); declared here as far as they are
 * used. Both libraries are EPL-2.0. They print nothing: log level 0.
 */
#pragma once

#include <stdbool.h>

struct coin {
        /* CLP */
        void *(*Clp_newModel)(void);
        void (*Clp_deleteModel)(void *model);
        void (*Clp_resize)(void *model, int rows, int columns);
        void (*Clp_chgRowLower)(void *model, const double *lower);
        void (*Clp_addColumns)(void *model, int number, const double *lower, const double *upper, const double *objective,
                               const int *starts, const int *rows, const double *elements);
        void (*Clp_chgColumnUpper)(void *model, const double *upper);
        int (*Clp_primal)(void *model, int values_pass);
        double (*Clp_objectiveValue)(void *model);
        double *(*Clp_primalColumnSolution)(void *model);
        double *(*Clp_dualRowSolution)(void *model);
        void (*Clp_setLogLevel)(void *model, int level);
        /* CBC */
        void *(*Cbc_newModel)(void);
        void (*Cbc_deleteModel)(void *model);
        void (*Cbc_loadProblem)(void *model, int columns, int rows, const int *starts, const int *index, const double *value,
                                const double *column_lower, const double *column_upper, const double *objective, const double *row_lower,
                                const double *row_upper);
        void (*Cbc_setInteger)(void *model, int column);
        void (*Cbc_setLogLevel)(void *model, int level);
        void (*Cbc_setParameter)(void *model, const char *name, const char *value);
        int (*Cbc_solve)(void *model);
        const double *(*Cbc_bestSolution)(void *model);
};

/* The libraries, loaded once for the life of the process; NULL if one of them or one of their functions is missing. May block on first use
 * (disk). */
const struct coin *coin_load(void);
