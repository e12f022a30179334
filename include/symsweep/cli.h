/* cli.h: the subcommands that need no MPI. Each takes its own argv (argv[0] = its name) and returns the exit code. */
#pragma once

#include "symsweep/fail.h"

int sw_cli_check(int argc, char **argv);
int sw_cli_status(int argc, char **argv);
int sw_cli_show(int argc, char **argv);
int sw_cli_export(int argc, char **argv);
int sw_cli_merge(int argc, char **argv);
int sw_cli_draws(int argc, char **argv);
int sw_cli_recover(int argc, char **argv);
int sw_cli_bench(int argc, char **argv);
int sw_cli_symmetries(int argc, char **argv);

/* What a job says when it has ended: the table of settings of its results file, and where that is. */
sw_status sw_cli_print_summary(const char *path) SW_MUST_CHECK;
