/* cli.h: the subcommands that need no MPI. Each takes its own argv (argv[0] = its name) and returns the exit code. */
#ifndef SYMSWEEP_CLI_H
#define SYMSWEEP_CLI_H

enum { SW_EXIT_OK = 0, SW_EXIT_FAILED_RUNS = 1, SW_EXIT_USAGE = 2, SW_EXIT_STORE = 3, SW_EXIT_STOPPED = 75 };

int sw_cli_check(int argc, char **argv);
int sw_cli_status(int argc, char **argv);
int sw_cli_show(int argc, char **argv);
int sw_cli_export(int argc, char **argv);
int sw_cli_merge(int argc, char **argv);
int sw_cli_draws(int argc, char **argv);
int sw_cli_recover(int argc, char **argv);
int sw_cli_bench(int argc, char **argv);

#endif
