/* completion: the completion script of a shell, on standard output. */
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "cli/cmd.h"
#include "io/file/file.h"

static const struct {
        const char *name;
        void (*write)(const struct cmd_program *of, struct buf *out);
} shells[] = {
        { "bash", cmd_complete_bash },
        { "fish", cmd_complete_fish },
        { "zsh", cmd_complete_zsh },
};

static const char *shell_at(size_t i) {
        return i < ARRAY_SIZE(shells) ? shells[i].name : NULL;
}

static int run_completion(const struct cmd_run *run, struct err *e) {
        struct buf out = BUF(1u << 20);

        if (run->operand_count == 0)
                return err_set(e, ERR_USAGE, "name a shell: bash, fish or zsh");
        for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
                if (!strcmp(shells[i].name, run->operands[0])) {
                        shells[i].write(run->of, &out);
                        int r = file_write("-", buf_text(&out), out.length, e);
                        buf_done(&out);
                        return r;
                }
        return err_set(e, ERR_USAGE, "no completion for '%s', only for bash, fish and zsh", run->operands[0]);
}

const struct cmd cmd_completion = {
        .name = "completion",
        .operands = "bash|fish|zsh",
        .operands_max = 1,
        .operand_words = shell_at,
        .summary = "Print the completion script of a shell",
        .description = "Source what it prints, or put it where your shell looks for completions, as `make install` does.",
        .examples = "  source <(carve completion bash)\n"
                    "  carve completion fish > ~/.config/fish/completions/carve.fish",
        .run = run_completion,
};
