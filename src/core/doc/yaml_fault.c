#include "core/doc/yaml_fault.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/doc/text.h"

static const struct advice {
        const char *problem, *text;
        const char *inside; /* instead of `text` where something stands before the place on its line */
        bool at_context;    /* the fault is where libyaml says the context is */
} advices[] = {
        { .problem = "mapping values are not allowed in this context",
          .text = "':' cannot start a value here; look for a line indented otherwise than its neighbours, a missing space after a ':' "
                  "above, or "
                  "text with ': ' that needs quotes" },
        { .problem = "did not find expected key",
          .text = "expected a key at the indentation of its neighbours",
          .inside = "expected the end of the line after a value" },
        { .problem = "did not find expected '-' indicator",
          .text = "expected '- ' at the indentation of its neighbours",
          .inside = "expected the end of the line after a value" },
        { .problem = "could not find expected ':'", .text = "expected ':' after this key", .at_context = true },
        { .problem = "did not find expected ',' or '}'", .text = "expected ',' or '}'" },
        { .problem = "did not find expected ',' or ']'", .text = "expected ',' or ']'" },
        { .problem = "did not find expected <document start>", .text = "expected '---' or the end of the file" },
        { .problem = "found unexpected end of stream",
          .text = "this quoted text does not end; expected its closing quote",
          .at_context = true },
        { .problem = "found unexpected document indicator", .text = "'---' inside a quoted text; expected its closing quote" },
        { .problem = "found unknown escape character",
          .text = "no escape of YAML; expected \\n, \\t, \\\", \\\\ and the like (in single quotes a backslash is text)" },
        { .problem = "did not find expected node content", .text = "expected a value" },
        { .problem = "did not find expected alphabetic or numeric character",
          .text = "expected a name after '*' or '&' (text that starts so needs quotes)" },
        { .problem = "did not find expected comment or line break", .text = "expected the end of the line here" },
        { .problem = "block sequence entries are not allowed in this context",
          .text = "'- ' cannot start a list here; expected it on a line of its own" },
        { .problem = "control characters are not allowed",
          .text = "a control character; expected text (write it escaped, in double quotes)" },
        { .problem = "found incompatible YAML document", .text = "expected %YAML 1.1 or 1.2" },
        { .problem = "found undefined tag handle",
          .text = "a tag whose prefix is not declared; expected !name, !!name or a %TAG line before '---'" },
};

/* What libyaml was reading when it met the problem. */
static const struct {
        const char *context, *words;
} contexts[] = {
        { "while parsing a block mapping", "map" },          { "while parsing a flow mapping", "map" },
        { "while parsing a block collection", "list" },      { "while parsing a flow sequence", "list" },
        { "while scanning a quoted scalar", "quoted text" }, { "while scanning a block scalar", "block text" },
};

static bool first_on_its_line(const char *text, size_t offset) {
        while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
                offset--;
        return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

static const struct advice *find_advice(const char *problem) {
        for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
                if (strcmp(problem, advices[i].problem) == 0)
                        return &advices[i];
        return NULL;
}

static const char *words_for(const struct advice *advice, const char *problem, const char *text, size_t bytes, size_t offset,
                             char out[static 64]) {
        if (advice)
                return advice->inside && !first_on_its_line(text, offset) ? advice->inside : advice->text;
        if (strcmp(problem, "found character that cannot start any token") != 0 || offset >= bytes)
                return problem;
        if (text[offset] == '\t')
                return "a tab; expected spaces, which alone may indent YAML";
        snprintf(out, 64, "'%c' cannot start a value; expected it in quotes", text[offset]);
        return out;
}

int yaml_fault(const char *name, const char *text, size_t bytes, const yaml_parser_t *p, struct err *e) {
        if (p->error == YAML_MEMORY_ERROR)
                abort(); /* see mem.h */

        const struct advice *advice = find_advice(p->problem);
        const yaml_mark_t *mark = advice && advice->at_context ? &p->context_mark : &p->problem_mark;
        struct text_place at = { (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 };
        size_t offset = text_offset(text, bytes, mark->index);
        if (p->error == YAML_READER_ERROR) { /* which knows bytes only */
                offset = p->problem_offset;
                at = text_place(text, offset);
        }
        char buffer[64];
        const char *words = words_for(advice, p->problem, text, bytes, offset, buffer);

        for (size_t i = 0; i < ARRAY_SIZE(contexts) && p->context; i++)
                if (strcmp(p->context, contexts[i].context) == 0 && p->context_mark.line != mark->line)
                        return err_set(e, ERR_INPUT, "%s:%u:%u: %s (in the %s that starts in line %zu)", name, at.line, at.column, words,
                                       contexts[i].words, p->context_mark.line + 1);
        return err_set(e, ERR_INPUT, "%s:%u:%u: %s", name, at.line, at.column, words);
}
