#include "core/plan/pack/coin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "base/mem.h"

static struct coin coin;
static bool loaded;

static const struct {
        const char *name;
        size_t offset;
} clp_symbols[] = {
#define SYMBOL(name)                                                                                                                       \
        { #name, offsetof(struct coin, name) }
        SYMBOL(Clp_newModel),     SYMBOL(Clp_deleteModel),         SYMBOL(Clp_resize),          SYMBOL(Clp_chgRowLower),
        SYMBOL(Clp_addColumns),   SYMBOL(Clp_chgColumnUpper),      SYMBOL(Clp_primal),
        SYMBOL(Clp_objectiveValue), SYMBOL(Clp_primalColumnSolution), SYMBOL(Clp_dualRowSolution),
        SYMBOL(Clp_setLogLevel),
}, cbc_symbols[] = {
        SYMBOL(Cbc_newModel),     SYMBOL(Cbc_deleteModel),         SYMBOL(Cbc_loadProblem),     SYMBOL(Cbc_setInteger),
        SYMBOL(Cbc_setLogLevel), SYMBOL(Cbc_setParameter),        SYMBOL(Cbc_solve),           SYMBOL(Cbc_bestSolution),
#undef SYMBOL
};

static void load(void) {
        /* The sonames of Debian 12; other versions of the interface are not known to fit. */
        void *clp = dlopen("libClp.so.1", RTLD_NOW | RTLD_LOCAL);
        void *cbc = dlopen("libCbcSolver.so.3", RTLD_NOW | RTLD_LOCAL);

        if (!clp || !cbc)
                return;
        loaded = true;
        for (size_t i = 0; i < ARRAY_SIZE(clp_symbols); i++)
                loaded &= (*(void **)((char *)&coin + clp_symbols[i].offset) = dlsym(clp, clp_symbols[i].name)) != NULL;
        for (size_t i = 0; i < ARRAY_SIZE(cbc_symbols); i++)
                loaded &= (*(void **)((char *)&coin + cbc_symbols[i].offset) = dlsym(cbc, cbc_symbols[i].name)) != NULL;
}

const struct coin *coin_load(void) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, load);
        return loaded ? &coin : NULL;
}
