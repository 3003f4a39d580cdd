#include "sim/tool/tool.h"

int main(int argc, char **argv) {
        return cmd_main(&tool_program, argc, argv);
}
