/* main.c: argv -> subcommand -> exit code. */
#include "symsweep/cli.h"
#include "symsweep/farm.h"

#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool computes; /* on one thread, like the main job */
} command;

static const command commands[] = {
    {"check", sw_cli_check, true},      {"status", sw_cli_status, false}, {"show", sw_cli_show, false},
    {"export", sw_cli_export, false},   {"merge", sw_cli_merge, false},   {"draws", sw_cli_draws, true},
    {"recover", sw_cli_recover, false}, {"bench", sw_cli_bench, true},    {"simulate", sw_farm_simulate, true},
};

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--trainer") == 0) return sw_farm_trainer(atoi(argv[2]));
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (commands[i].computes) sw_farm_pin_threads(argv);
        return commands[i].run(argc - 1, argv + 1);
    }
    return sw_farm_job(argc, argv, sw_cli_print_summary); /* the main job; also --help and --version */
}
