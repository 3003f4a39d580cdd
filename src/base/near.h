/* near: which of the known names did a person probably mean?
 *
 * Offer every known name, then ask for the hint:
 *
 *     struct near near = near_to("g6.xlrage");
 *     for (…) near_offer(&near, known[i].name);
 *     err_set(e, ERR_INPUT, "unknown instance type '%s'%s", word, near_hint(&near, (char[NEAR_HINT_MAX]){ 0 }));
 *
 * gives "unknown instance type 'g6.xlrage' (did you mean g6.xlarge or gr6.xlarge?)". Case does not count. Names offered are not copied.
 */
#pragma once

#define NEAR_NAMES_MAX 3
#define NEAR_HINT_MAX 256
#define NEAR_WORD_MAX 63 /* longer words are compared by their first 63 bytes */

struct near {
        const char *word;
        unsigned count;
        struct {
                const char *name;
                unsigned distance;
        } names[NEAR_NAMES_MAX]; /* nearest first; of equal ones the first offered */
};

struct near near_to(const char *word);
void near_offer(struct near *n, const char *name);

/* " (did you mean a, b or c?)", or "" if nothing is near. Writes at most NEAR_HINT_MAX bytes to `text` and returns it. */
const char *near_hint(const struct near *n, char *text);
