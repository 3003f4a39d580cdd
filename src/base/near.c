#include "base/near.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static bool same(char a, char b) {
        return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits (insert, delete, replace, swap of neighbours) between two words: the optimal string alignment distance. Three rows of the usual
 * table are enough, as a swap looks two rows back. */
static unsigned edits(const char *a, size_t a_length, const char *b, size_t b_length) {
        unsigned rows[3][NEAR_WORD_MAX + 1];

        for (unsigned j = 0; j <= b_length; j++)
                rows[0][j] = j;
        for (unsigned i = 1; i <= a_length; i++) {
                unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
                now[0] = i;
                for (unsigned j = 1; j <= b_length; j++) {
                        unsigned best = MIN(last[j] + 1, now[j - 1] + 1);
                        best = MIN(best, last[j - 1] + !same(a[i - 1], b[j - 1]));
                        if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                                best = MIN(best, before[j - 2] + 1);
                        now[j] = best;
                }
        }
        return rows[a_length % 3][b_length];
}

struct near near_to(const char *word) {
        return (struct near){ .word = word };
}

void near_offer(struct near *n, const char *name) {
        size_t word_length = MIN(strlen(n->word), (size_t)NEAR_WORD_MAX), name_length = MIN(strlen(name), (size_t)NEAR_WORD_MAX);
        unsigned distance = edits(n->word, word_length, name, name_length);

        /* A word cut short ("g6" for "g6.xlarge") is many edits away and yet what was meant. */
        if (word_length >= 2 && !strncasecmp(n->word, name, word_length))
                distance = 1;
        if (distance > 1 + word_length / 4 || distance >= word_length)
                return;

        unsigned at = n->count;
        while (at > 0 && n->names[at - 1].distance > distance)
                at--;
        if (at == NEAR_NAMES_MAX)
                return;
        n->count = MIN(n->count + 1, (unsigned)NEAR_NAMES_MAX);
        memmove(&n->names[at + 1], &n->names[at], (n->count - at - 1) * sizeof *n->names);
        n->names[at].name = name;
        n->names[at].distance = distance;
}

const char *near_hint(const struct near *n, char *text) {
        size_t used = 0;

        text[0] = '\0';
        for (unsigned i = 0; i < n->count; i++) {
                const char *joint = i == 0 ? " (did you mean " : i + 1 == n->count ? " or " : ", ";
                used += (size_t)snprintf(text + used, NEAR_HINT_MAX - used, "%s%.60s", joint, n->names[i].name);
        }
        if (n->count > 0)
                snprintf(text + used, NEAR_HINT_MAX - used, "?)");
        return text;
}
