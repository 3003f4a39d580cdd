#include "../../unit.h"

#include <glob.h>

#include "base/buf.h"
#include "core/doc/doc.h"

/* trees/X.yaml read here must be trees/X.tree, which trees.py wrote with PyYAML: structure, texts and positions. */

#define FILE_MAX (1 << 20)

static char *read_file(const char *path, size_t *ret_bytes) {
        char *text = mem_alloc(FILE_MAX);
        FILE *f = fopen(path, "r");

        assert_non_null(f);
        *ret_bytes = fread(text, 1, FILE_MAX - 1, f);
        text[*ret_bytes] = '\0';
        fclose(f);
        return text;
}

static void add_quoted(struct buf *out, const char *text) {
        buf_addc(out, '\'');
        for (; *text; text++)
                if (*text > ' ' && *text < 0x7f && *text != '%')
                        buf_addc(out, *text);
                else
                        buf_printf(out, "%%%02X", (unsigned char)*text);
        buf_addc(out, '\'');
}

static void add_node(struct buf *out, const struct doc_node *node, unsigned depth) {
        buf_repeat(out, "  ", depth);
        if (node->text) {
                buf_adds(out, node->plain ? "plain " : "quoted ");
                add_quoted(out, node->text);
                buf_printf(out, " %u:%u\n", node->line, node->column);
                return;
        }
        buf_printf(out, "%s %u:%u\n", node->kind == DOC_MAP ? "map" : "list", node->line, node->column);
        for (uint32_t i = 0; i < node->count; i++) {
                if (node->kind == DOC_MAP) {
                        buf_repeat(out, "  ", depth);
                        buf_adds(out, "- ");
                        add_quoted(out, node->pairs[i].key);
                        buf_printf(out, " %u:%u\n", node->pairs[i].line, node->pairs[i].column);
                }
                add_node(out, node->kind == DOC_MAP ? node->pairs[i].value : node->items[i], depth + 1);
        }
}

static void check_file(const char *path) {
        size_t bytes, tree_bytes, stem = strlen(path) - strlen(".yaml");
        _cleanup_free_ char *text = read_file(path, &bytes), *tree_path = mem_printf("%.*s.tree", (int)stem, path);
        _cleanup_free_ char *wanted = read_file(tree_path, &tree_bytes);
        struct buf got = BUF(FILE_MAX);
        const struct doc_node *root;
        struct err e;
        int r;

        struct doc_reader *reader = doc_reader_new(path, text, bytes);
        while ((r = doc_reader_next(reader, &root, &e)) > 0) {
                buf_adds(&got, "document\n");
                add_node(&got, root, 0);
        }
        assert_ok(r, &e);
        if (strcmp(buf_text(&got), wanted) != 0)
                fail_msg("%s is read as\n%s", path, buf_text(&got));
        buf_done(&got);
        doc_reader_free(reader);
}

static void trees_are_those_of_pyyaml(void **state) {
        glob_t files;

        (void)state;
        assert_int_equal(glob(TREES_DIR "/*.yaml", 0, NULL, &files), 0);
        assert_in_range(files.gl_pathc, 40, 1000);
        for (size_t i = 0; i < files.gl_pathc; i++)
                check_file(files.gl_pathv[i]);
        globfree(&files);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(trees_are_those_of_pyyaml) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
