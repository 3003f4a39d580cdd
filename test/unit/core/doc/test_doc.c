#include "../../unit.h"

#include "base/buf.h"
#include "core/doc/doc.h"

/* Reads all documents; their number, or the error. */
static int read_all(const char *name, const char *text, size_t bytes, struct err *e) {
        struct doc_reader *reader = doc_reader_new(name, text, bytes);
        const struct doc_node *root;
        int documents = 0, r;

        while ((r = doc_reader_next(reader, &root, e)) > 0)
                documents++;
        if (r < 0) {
                struct err ignored;
                assert_int_equal(doc_reader_next(reader, &root, &ignored), 0); /* at its end now */
        }
        doc_reader_free(reader);
        return r < 0 ? r : documents;
}

#define TEXT(literal) literal, sizeof(literal) - 1

/* Counted by hand: where the fault stands, and what is said. */
static const struct {
        const char *name, *text;
        size_t bytes;
        const char *said;
} faults[] = {
        /* encodings */
        { "f.yaml", TEXT("a: b\0c\n"), "f.yaml:1:5: a NUL byte" },
        { "f.yaml", TEXT("a: 1\nb: \xff\n"), "f.yaml:2:4: byte 0xFF is not UTF-8 here" },
        { "f.yaml", TEXT("a: \xc0\xaf\n"), "f.yaml:1:4: byte 0xC0" },
        { "f.yaml", TEXT("é: \xed\xa0\x80\n"), "f.yaml:1:4: byte 0xED" },
        { "f.yaml", TEXT("a: \xf0\x9f\x98"), "f.yaml:1:4: byte 0xF0" },
        { "f.yaml",
          TEXT("\xff\xfe"
               "a\0:\0"),
          "f.yaml:1:1: this is UTF-16" },
        { "f.yaml", TEXT("\0a\0:\0 \0b"), "f.yaml:1:1: this is UTF-16" },
        { "f.yaml", TEXT("a: 1\nb: x\x01y\n"), "f.yaml:2:5: a control character" },
        { "f.yaml", TEXT("a: \"x\\0y\"\n"), "f.yaml:1:4: \\0 in a text" },
        /* YAML's grammar */
        { "f.yaml", TEXT("a:\n\tb: 1\n"), "f.yaml:2:1: a tab; expected spaces" },
        { "f.yaml", TEXT("a: b: c\n"), "f.yaml:1:5: ':' cannot start a value here" },
        { "f.yaml", TEXT("a: 1\n b: 2\n"), "f.yaml:2:3: ':' cannot start a value here" },
        { "f.yaml", TEXT("a:\n  b: 1\n c: 2\n"),
          "f.yaml:3:2: expected a key at the indentation of its neighbours (in the map that starts in line 1)" },
        { "f.yaml", TEXT("a:\n - 1\n b: 2\n"), "f.yaml:3:2: expected '- '" },
        { "f.yaml", TEXT("a: @x\n"), "f.yaml:1:4: '@' cannot start a value; expected it in quotes" },
        { "f.yaml", TEXT("a: \"x\n"), "f.yaml:1:4: this quoted text does not end; expected its closing quote" },
        { "f.yaml", TEXT("a: \"b\" c\n"), "f.yaml:1:8: expected the end of the line after a value" },
        { "f.yaml", TEXT("a: 1\nb\nc: 2\n"), "f.yaml:2:1: expected ':' after this key" },
        { "f.yaml", TEXT("a: *\n"), "f.yaml:1:5: expected a name after '*' or '&'" },
        { "f.yaml", TEXT("a: \"x\\q\"\n"), "f.yaml:1:6: no escape of YAML" },
        { "f.yaml", TEXT("a: |x\n b\n"), "f.yaml:1:5: expected the end of the line here" },
        { "f.yaml", TEXT("a: - b\n"), "f.yaml:1:4: '- ' cannot start a list here" },
        { "f.yaml", TEXT("a: {{ .Values.a }}\n"), "f.yaml:1:4: \"{{\" of a template; expected it rendered" },
        { "f.yaml", TEXT("{{- if .Values.a }}\na: b\n{{- end }}\n"), "f.yaml:1:1: \"{{\" of a template; expected it rendered" },
        { "f.yaml", TEXT("a: [1, 2\nb: 3\n"), "expected ',' or ']'" },
        { "f.yaml", TEXT("a: {b: 1\n"), "expected ',' or '}'" },
        { "f.yaml", TEXT("%YAML 2.0\n---\na: 1\n"), "expected %YAML 1.1 or 1.2" },
        { "f.yaml", TEXT("a: !x!y z\n"), "f.yaml:1:4: a tag whose prefix is not declared" },
        /* what a tree here cannot hold */
        { "f.yaml", TEXT("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: key \"a\" again; it stands already in line 1" },
        { "f.yaml", TEXT("x: {a: 1, \"a\": 2}\n"), "f.yaml:1:11: key \"a\" again; it stands already in line 1" },
        { "f.yaml", TEXT("? [a]\n: 1\n"), "f.yaml:1:3: a list as a key" },
        { "f.yaml", TEXT("{a: 1}: 2\n"), "f.yaml:1:1: a map as a key" },
        { "f.yaml", TEXT("a: &a [1]\n*a : 2\n"), "f.yaml:2:1: an alias of a collection as a key" },
        { "f.yaml", TEXT("a: *b\n"), "f.yaml:1:4: *b: no &b stands before it" },
        { "f.yaml", TEXT("a: &a 1\n---\nb: *a\n"), "f.yaml:3:4: *a: no &a stands before it in this document" },
        { "f.yaml", TEXT("a: &a\n  - *a\n"), "f.yaml:2:5: *a stands inside &a of line 1 and would hold itself" },
        { "f.yaml", TEXT("a:\n  <<: 1\n"), "f.yaml:2:3: \"<<\" merges a whole number; expected a map" },
        { "f.yaml", TEXT("a: !!int x\n"), "f.yaml:1:4: \"x\" is tagged !!int but is none" },
        /* JSON to the letter */
        { "f.json", TEXT("{\"a\": 1,}"), "f.json:1:9: '}' where JSON expects a key in double quotes" },
        { "f.json", TEXT("[1,\n2,]"), "f.json:2:3: ']' where JSON expects a value" },
        { "f.json", TEXT("{\"a\": 1 // x\n}"), "f.json:1:9: '/' where JSON expects ',' or '}'" },
        { "f.json", TEXT("{'a': 1}"), "f.json:1:2: ''' where JSON expects a key in double quotes" },
        { "f.json", TEXT("{a: 1}"), "f.json:1:2: 'a' where JSON expects a key in double quotes" },
        { "f.json", TEXT("[NaN]"), "f.json:1:2: 'N' where JSON expects a value" },
        { "f.json", TEXT("[-Infinity]"), "f.json:1:3: 'I' where JSON expects a digit" },
        { "f.json", TEXT("[01]"), "f.json:1:3: '1' where JSON expects no digit after a leading 0" },
        { "f.json", TEXT("[+1]"), "f.json:1:2: '+'" },
        { "f.json", TEXT("[.5]"), "f.json:1:2: '.'" },
        { "f.json", TEXT("[5.]"), "f.json:1:4: ']' where JSON expects a digit after the point" },
        { "f.json", TEXT("[1e]"), "f.json:1:4: ']' where JSON expects a digit of the exponent" },
        { "f.json", TEXT("[1e400]"), "f.json:1:2: '1' where JSON expects a number within the range of a double" },
        { "f.json", TEXT("[\"é\", x]"), "f.json:1:7: 'x'" },
        { "f.json", TEXT("[\"a\nb\"]"), "f.json:1:4: a line end where JSON expects the closing '\"'" },
        { "f.json", TEXT("[\"a"), "f.json:1:4: the end of the file where JSON expects the closing '\"'" },
        { "f.json", TEXT("[\"\\x\"]"), "f.json:1:4: 'x' where JSON expects one of" },
        { "f.json", TEXT("[\"\\u12g4\"]"), "f.json:1:7: 'g' where JSON expects a hexadecimal digit" },
        { "f.json", TEXT("[\"\\ud83d\"]"), "f.json:1:3: '\\' where JSON expects both halves of a surrogate pair" },
        { "f.json", TEXT("[\"\\u0000\"]"), "f.json:1:3: '\\' where JSON expects no \\u0000" },
        { "f.json", TEXT("{\"a\": 1,\n \"a\": 2}"), "f.json:2:2: key \"a\" again; it stands already in line 1" },
        { "f.json", TEXT("{\"a\" 1}"), "f.json:1:6: '1' where JSON expects ':'" },
        { "f.json", TEXT("{\"a\": tru}"), "f.json:1:7: 't' where JSON expects a value" },
        { "f.json", TEXT("12null"), "f.json:1:3: 'n' where JSON expects white space or the end of the file" },
        { "f.json", TEXT("[1] x"), "f.json:1:5: 'x' where JSON expects a value" },
        { "f.json", TEXT("a: 1\n"), "f.json:1:1: 'a' where JSON expects a value" },
        /* whose name promises nothing: the message of the format it looks like */
        { "-", TEXT("{\"a\": [1, 2}"), "-:1:12: '}' where JSON expects ',' or ']'" },
        { "-", TEXT("[{\"a\": 1}"), "-:1:10: the end of the file where JSON expects ',' or ']'" },
        { "-", TEXT("{a: [1, 2}"), "expected ',' or ']'" },
        { "-", TEXT("{\"a\": 1} x"), "-:1:10: expected '---' or the end of the file" },
};

static void says_where_and_what(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                struct err e = { 0 };
                int r = read_all(faults[i].name, faults[i].text, faults[i].bytes, &e);
                if (r >= 0)
                        fail_msg("\"%s\" is read as %d documents, but should be refused: %s", faults[i].text, r, faults[i].said);
                assert_refused(r, &e, faults[i].said);
                assert_int_equal(r, -ERR_INPUT);
        }
}

static const struct {
        const char *name, *text;
        int documents;
} streams[] = {
        { "f.yaml", "", 0 },
        { "f.json", "", 0 },
        { "f.json", " \n", 0 },
        { "f.yaml", "# only a comment\n", 0 },
        { "f.yaml", "---\n---\n# x\n---\n", 0 },
        { "f.yaml", "a: 1\n---\n\n---\nb: 2\n", 2 },
        { "f.json", "{\"a\":1}\n{\"b\":2}[3]", 3 },
        { "f.json", "1 2 null \"x\"", 3 },
        { "-", "{\"a\":1}\n{\"b\":2}\n", 2 },
        { "-", "{\"a\":1}\n---\n{\"b\":2}\n", 2 },
        { "-", "{\"a\":1}\n# done\n", 1 },
        { "f.yaml", "{a: 1, b: [x, y,], }\n", 1 },
        { "f.yaml", "{\"a\": 1,} # YAML may\n", 1 },
        { "f.yaml", "[a, b]\n---\n{c: d}\n", 2 },
        { "f.yaml", "\xef\xbb\xbf{\"a\": 1}", 1 },
        { "f.json", "\xef\xbb\xbf{\"a\": 1}", 1 },
        { "f.yaml", "a:\t1\nb: [\t1,\n\t2 ]\n", 1 },
};

static void counts_documents(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
                struct err e = { 0 };
                int r = read_all(streams[i].name, streams[i].text, strlen(streams[i].text), &e);
                assert_ok(r, &e);
                if (r != streams[i].documents)
                        fail_msg("\"%s\" is read as %d documents, not %d", streams[i].text, r, streams[i].documents);
        }
}

static const struct doc_node *read_one(struct doc_reader **ret_reader, const char *name, const char *text) {
        const struct doc_node *root = NULL;
        struct err e;

        *ret_reader = doc_reader_new(name, text, strlen(text));
        assert_ok(doc_reader_next(*ret_reader, &root, &e), &e);
        assert_non_null(root);
        return root;
}

static void json_texts_and_places(void **state) {
        static const char text[] = "{\r\n  \"é\": \"\\u00e9\\ud83d\\ude00\\n\\/\\\"\", \"b\":\t[true,\n\n null]}";
        struct doc_reader *reader;
        const struct doc_node *root = read_one(&reader, "f.json", text), *list = doc_get(root, "b");

        (void)state;
        assert_string_equal(doc_string(doc_get(root, "é")), "é😀\n/\"");
        assert_int_equal(doc_get_pair(root, "é")->line, 2);
        assert_int_equal(doc_get_pair(root, "é")->column, 3);
        assert_int_equal(doc_get(root, "é")->column, 8);
        assert_int_equal(doc_get_pair(root, "b")->column, 36);
        assert_int_equal(list->column, 41);
        assert_int_equal(doc_item(list, 0)->kind, DOC_BOOL);
        assert_true(doc_item(list, 0)->boolean && doc_item(list, 0)->plain);
        assert_int_equal(doc_item(list, 1)->line, 4);
        assert_int_equal(doc_item(list, 1)->column, 2);
        assert_int_equal(doc_item(list, 1)->kind, DOC_NULL);
        doc_reader_free(reader);
}

static void looks_up(void **state) {
        struct doc_reader *reader;
        const struct doc_node *root = read_one(&reader, "f.yaml", "spec: {template: {spec: {x: [a, 1]}}}\nspecs: 2\n");
        struct err e;

        (void)state;
        assert_string_equal(doc_string(doc_item(doc_at(root, "spec.template.spec.x"), 0)), "a");
        assert_null(doc_string(doc_item(doc_at(root, "spec.template.spec.x"), 1)));
        assert_null(doc_item(doc_at(root, "spec.template.spec.x"), 2));
        assert_null(doc_at(root, "spec.templ"));
        assert_null(doc_at(root, "spec.template.spec.x.y"));
        assert_null(doc_at(root, "spe"));
        assert_null(doc_at(NULL, "a.b"));
        assert_null(doc_get(doc_get(NULL, "a"), "b"));
        assert_int_equal(doc_err(&e, "f.yaml", doc_get(root, "specs"), "%d is not a map", 2), -ERR_INPUT);
        assert_string_equal(e.text, "f.yaml:2:8: 2 is not a map");
        doc_err(&e, "f.yaml", NULL, "spec is missing");
        assert_string_equal(e.text, "f.yaml: spec is missing");
        doc_reader_free(reader);
}

/* An alias is the very node that its anchor names. */
static void aliases_share(void **state) {
        struct doc_reader *reader;
        const struct doc_node *root = read_one(&reader, "f.yaml", "a: &x {k: v}\nb: *x\nc: &x 1\nd: *x\n");

        (void)state;
        assert_ptr_equal(doc_get(root, "a"), doc_get(root, "b"));
        assert_ptr_equal(doc_get(root, "c"), doc_get(root, "d"));
        doc_reader_free(reader);

        /* As a key it stands where it is written. */
        root = read_one(&reader, "f.yaml", "&k key: 1\nx: {*k : 2}\n");
        assert_int_equal(doc_get_pair(doc_get(root, "x"), "key")->line, 2);
        assert_int_equal(doc_get_pair(doc_get(root, "x"), "key")->column, 5);
        doc_reader_free(reader);
}

/* Who wins is what sigs.k8s.io/yaml v1.6.0 answered to the same texts. */
static void merges_as_kubernetes_does(void **state) {
        static const struct {
                const char *map, *x, *z;
        } merges[] = {
                { "{z: own, <<: *a}", "1", "2" }, { "{<<: *a, z: own}", "1", "own" }, { "{<<: [*a, *c]}", "1", "2" },
                { "{<<: [*c, *a]}", "3", "2" },   { "{<<: *a, <<: *c}", "3", "2" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(merges); i++) {
                _cleanup_free_ char *text = mem_printf("a: &a {x: 1, z: 2}\nc: &c {x: 3}\nb: %s\n", merges[i].map);
                struct doc_reader *reader;
                const struct doc_node *map = doc_get(read_one(&reader, "f.yaml", text), "b");

                assert_int_equal(map->count, 2);
                assert_string_equal(doc_get(map, "x")->text, merges[i].x);
                assert_string_equal(doc_get(map, "z")->text, merges[i].z);
                doc_reader_free(reader);
        }
}

static void bounds_depth(void **state) {
        (void)state;
        for (int yaml = 0; yaml <= 1; yaml++)
                for (int depth = DOC_DEPTH_MAX - 1; depth <= DOC_DEPTH_MAX; depth++) {
                        struct buf text = BUF(1 << 20);
                        struct err e = { 0 };

                        /* The scalar inside is a level as well. */
                        buf_repeat(&text, "[", (unsigned)depth);
                        buf_addc(&text, '1');
                        buf_repeat(&text, "]", (unsigned)depth);
                        int r = read_all(yaml ? "f.yaml" : "f.json", buf_text(&text), text.length, &e);
                        if (depth < DOC_DEPTH_MAX)
                                assert_ok(r, &e);
                        else
                                assert_refused(r, &e, ":1:129: nested deeper than 128 levels");
                        buf_done(&text);
                }
}

/* Unclosed brackets by the million must not cost what they promise. */
static void survives_endless_brackets(void **state) {
        static char text[1 << 20];
        static const char *const starts[] = { "[", "{", "[{", "- ", "? ", "a: [", "{a: " };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
                struct err e = { 0 };
                size_t length = strlen(starts[i]);
                for (size_t k = 0; k < sizeof text; k++)
                        text[k] = starts[i][k % length];
                assert_refused(read_all("f.yaml", text, sizeof text, &e), &e, "f.yaml:1:");
        }
}

/* Nine levels of ten aliases each: ten thousand million nodes in 500 bytes. */
static void bounds_aliases(void **state) {
        struct buf text = BUF(1 << 20);
        struct err e = { 0 };

        (void)state;
        buf_adds(&text, "a0: &a0 x\n");
        for (int level = 1; level <= 10; level++) {
                buf_printf(&text, "a%d: &a%d [", level, level);
                for (int i = 0; i < 10; i++)
                        buf_printf(&text, "*a%d,", level - 1);
                buf_adds(&text, "]\n");
        }
        /* Levels 1 to 6 come to 1.2 million, the seventh would bring 11 million. */
        assert_refused(read_all("f.yaml", buf_text(&text), text.length, &e), &e, "f.yaml:8:");
        assert_refused(-1, &e, "more than 4194304 nodes");
        buf_done(&text);
}

static void bounds_aliases_in_depth(void **state) {
        struct buf text = BUF(1 << 20);
        struct err e = { 0 };

        (void)state;
        buf_adds(&text, "- &a0 [x]\n");
        for (int level = 1; level <= 200; level++)
                buf_printf(&text, "- &a%d [*a%d]\n", level, level - 1);
        /* The document's list, then item N of N + 1 lists and the x: too deep with N = 126, in line 127. */
        assert_refused(read_all("f.yaml", buf_text(&text), text.length, &e), &e, "f.yaml:127:");
        buf_done(&text);
}

static void bounds_merges(void **state) {
        struct buf text = BUF(1 << 24);
        struct err e = { 0 };

        (void)state;
        buf_adds(&text, "a: &a {");
        for (int i = 0; i < 10000; i++)
                buf_printf(&text, "k%d: 1, ", i);
        buf_adds(&text, "}\nb:\n");
        for (int i = 0; i < 1000; i++)
                buf_adds(&text, "- <<: *a\n");
        assert_refused(read_all("f.yaml", buf_text(&text), text.length, &e), &e, "more than 4194304 nodes");
        buf_done(&text);
}

static void bounds_bytes(void **state) {
        static const char text[] = "a: 1\n";
        struct err e = { 0 };

        (void)state;
        /* Refused by its length alone: nothing of it is looked at. */
        assert_refused(read_all("f.yaml", text, (size_t)DOC_BYTES_MAX + (1 << 20), &e), &e, "f.yaml: 257 MiB; expected at most 256 MiB");
}

static void finds_one_repeated_key_among_many(void **state) {
        struct buf text = BUF(1 << 24);
        struct err e = { 0 };

        (void)state;
        for (int i = 0; i < 100000; i++)
                buf_printf(&text, "key%d: 1\n", i);
        assert_ok(read_all("f.yaml", buf_text(&text), text.length, &e), &e);
        buf_adds(&text, "key77: 1\n");
        assert_refused(read_all("f.yaml", buf_text(&text), text.length, &e), &e,
                       "f.yaml:100001:1: key \"key77\" again; it stands already in line 78");
        buf_done(&text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_where_and_what),
                cmocka_unit_test(counts_documents),
                cmocka_unit_test(json_texts_and_places),
                cmocka_unit_test(looks_up),
                cmocka_unit_test(aliases_share),
                cmocka_unit_test(merges_as_kubernetes_does),
                cmocka_unit_test(bounds_depth),
                cmocka_unit_test(survives_endless_brackets),
                cmocka_unit_test(bounds_aliases),
                cmocka_unit_test(bounds_aliases_in_depth),
                cmocka_unit_test(bounds_merges),
                cmocka_unit_test(bounds_bytes),
                cmocka_unit_test(finds_one_repeated_key_among_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
