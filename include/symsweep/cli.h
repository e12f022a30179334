/* cli.h: the subcommands that need no MPI. Each takes its own argv (argv[0] = its name) and returns the exit code. */
#ifndef SYMSWEEP_CLI_H
#define SYMSWEEP_CLI_H

int sw_cli_check(int argc, char **argv);
int sw_cli_status(int argc, char **argv);
int sw_cli_show(int argc, char **argv);
int sw_cli_export(int argc, char **argv);
int sw_cli_merge(int argc, char **argv);
int sw_cli_draws(int argc, char **argv);
int sw_cli_recover(int argc, char **argv);
int sw_cli_bench(int argc, char **argv);

#endif
