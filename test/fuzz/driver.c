/* driver: runs a fuzz target over the files of the folders it is given, so that a corpus is an ordinary test. */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "fuzz.h"

/* The allocation ends where the file ends, so that the sanitizers see a read beyond it. */
static bool run_file(const char *path) {
        FILE *f = fopen(path, "rb");
        if (!f)
                return false;

        fseek(f, 0, SEEK_END);
        long bytes = ftell(f);
        rewind(f);
        _cleanup_free_ uint8_t *data = mem_alloc((size_t)MAX(bytes, 1L));
        bool whole = bytes >= 0 && fread(data, 1, (size_t)bytes, f) == (size_t)bytes;
        fclose(f);
        if (whole)
                LLVMFuzzerTestOneInput(data, (size_t)bytes);
        return whole;
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                _cleanup_free_ char *pattern = mem_printf("%s/*", argv[i]);
                glob_t files;
                if (glob(pattern, 0, NULL, &files) != 0) {
                        fprintf(stderr, "%s: no files\n", argv[i]);
                        return 1;
                }
                for (size_t k = 0; k < files.gl_pathc; k++)
                        if (!run_file(files.gl_pathv[k])) {
                                fprintf(stderr, "%s: cannot be read\n", files.gl_pathv[k]);
                                return 1;
                        }
                printf("%zu files of %s\n", files.gl_pathc, argv[i]);
                globfree(&files);
        }
        return 0;
}
