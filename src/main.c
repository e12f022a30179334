/* main.c: argv -> subcommand -> exit code. */
#include "symsweep/cli.h"
#include "symsweep/farm.h"
#include "symsweep/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool computes; /* on one thread, like the main job */
} command;

static const command commands[] = {
    {"check", sw_cli_check, true},        {"status", sw_cli_status, false},
    {"show", sw_cli_show, false},         {"export", sw_cli_export, false},
    {"merge", sw_cli_merge, false},       {"draws", sw_cli_draws, true},
    {"recover", sw_cli_recover, false},   {"bench", sw_cli_bench, true},
    {"simulate", sw_farm_simulate, true}, {"symmetries", sw_cli_symmetries, false},
};

/* A standard stream that was closed must not be the next file that is opened: a results file, say. What is printed to
 * a closed stdout fails. */
static void fill_standard_streams(void) {
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0) (void)!open("/dev/null", stream == 2 ? O_WRONLY : O_RDONLY);
}

/* Nobody reads what is left: `| head` has seen enough. */
static bool is_closed_pipe(void) {
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

/* Output that is lost is an error of every command. */
static int end_stdout(int exit_code) {
    errno = 0;
    const bool quiet = is_closed_pipe(), earlier = ferror(stdout) != 0;
    if ((fclose(stdout) == 0 && !earlier) || quiet) return exit_code;
    sw_error("stdout cannot be written: %s", errno != 0 ? strerror(errno) : "an earlier write failed");
    return exit_code == SW_EXIT_OK ? SW_EXIT_STORE : exit_code;
}

static int run(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (commands[i].computes) sw_farm_pin_threads(argv);
        return commands[i].run(argc - 1, argv + 1);
    }
    return sw_farm_job(argc, argv, sw_cli_print_summary); /* the main job; also --help and --version */
}

int main(int argc, char **argv) {
    fill_standard_streams();
    if (argc == 3 && strcmp(argv[1], "--trainer") == 0) return sw_farm_trainer(atoi(argv[2]));
    return end_stdout(run(argc, argv));
}
