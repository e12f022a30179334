/* main.c: argv -> subcommand -> exit code. */
#include "symsweep/cli.h"
#include "symsweep/farm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"check", sw_cli_check}, {"status", sw_cli_status}, {"show", sw_cli_show},       {"export", sw_cli_export},
    {"merge", sw_cli_merge}, {"draws", sw_cli_draws},   {"recover", sw_cli_recover}, {"bench", sw_cli_bench},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
            if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
        }
    }
    return sw_farm_job(argc, argv); /* the main job; also --help and --version */
}
