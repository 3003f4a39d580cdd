/* err: what went wrong, from its cause up to the sentence a person reads.
 *
 * A function that can fail returns 0 or a negative enum err_code and takes a `struct err *` as its last parameter. The caller owns
 * it, it lives on the stack, it never allocates. Each level adds what it was doing, so the text reads from the outside in:
 *
 *     fleet.yaml:12:9: NodePool gpu: weight: 0 is not in 1..100
 *
 * On failure outputs are untouched; on success `e` is untouched.
 */
#pragma once

enum err_code {
        ERR_USAGE = 1, /* the command line */
        ERR_INPUT,     /* a file or an answer that is not what it should be */
        ERR_NOT_FOUND,
        ERR_IMPOSSIBLE, /* hardware or arithmetic forbids it */
        ERR_AGAIN,      /* may succeed later */
        ERR_SYSTEM,     /* the operating system refused (disk full, permission, …) */
        ERR_GPU,        /* a GPU or its driver failed or refused */
        ERR_BUG,
};

#define ERR_TEXT_MAX 512

struct err {
        enum err_code code;
        char text[ERR_TEXT_MAX];
};

/* Set `e` and return -code, so that a caller can write `return err_set(e, ERR_INPUT, …);`. Too long a text ends in "…".
 * Bytes that are not printable (terminal escapes in a file name, say) are replaced by '?'. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "fmt: " in front of what `e` says and return its code, negative. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The exit status of the process that ends with this error (see the table in docs/reference: 2 usage, 3 input, …). */
int err_exit_status(const struct err *e);
