/* command.h: what is the same in every subcommand: options, help, output, exit code. */
#pragma once

#include "symsweep/json.h"

typedef struct sw_command_option {
    const char *name;
    char letter;                                   /* the short form; 0 = none */
    size_t place;                                  /* of its value in the struct of the command's options */
    bool (*parse)(void *place, const char *value); /* false: it is none. NULL: a bool without a value, made true */
    const char *takes; /* what is said of a value that is none; NULL: as of a wrong option */
    bool required;
} sw_command_option;

typedef enum sw_command_help {
    SW_HELP_AT_ONCE, /* what stands before it must be right */
    SW_HELP_LAST,    /* every option must be right */
    SW_HELP_FIRST    /* wherever it stands; getopt says what is wrong with an option */
} sw_command_help;

typedef struct sw_command {
    const char *name, *help;
    const char *unknown, *expected;   /* what is said of a wrong option (NULL: the usual), of wrong or missing files */
    const sw_command_option *options; /* up to one without a name */
    sw_command_help when;
    int least, most; /* files */
    bool overrides;  /* behind them, in what `run` is given, may be KEY=VALUE (sw_overrides_is) */
    sw_status (*run)(void *options, char *const *files); /* NULL behind the last */
    int failure;                                         /* exit code of what is no wrong usage; 0 = SW_EXIT_STORE */
} sw_command;

/* Reads argv into `options`, a struct of the command's own, runs the command, says what went wrong, if anything did,
 * and gives the exit code. */
int sw_command_run(const sw_command *command, void *options, int argc, char **argv);

/* Prints a finished text as a line, unless something has failed already, and destroys it. Returns the status. */
sw_status sw_command_print(sw_json *json, sw_status status) SW_MUST_CHECK;

/* Says of the files what `expected` says. */
sw_status sw_command_misused(const sw_command *command) SW_MUST_CHECK;

/* For `parse`: a text, at a const char *; a number from 0, at a long long. */
bool sw_command_text(void *place, const char *value);
bool sw_command_number(void *place, const char *value);
