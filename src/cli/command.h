/* command.h: what is the same in every subcommand: options, help, output, exit code. */
#ifndef SYMSWEEP_CLI_COMMAND_H
#define SYMSWEEP_CLI_COMMAND_H

#include "symsweep/json.h"

typedef enum sw_command_kind {
    SW_COMMAND_FLAG,  /* a bool at `place`, made true */
    SW_COMMAND_TEXT,  /* a const char * at `place` */
    SW_COMMAND_PARSED /* `parse` takes the value */
} sw_command_kind;

typedef struct sw_command_option {
    const char *name;
    char letter; /* the short form; 0 = none */
    sw_command_kind kind;
    size_t place; /* in the struct of the command's options */
    sw_status (*parse)(void *options, const char *value);
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
    bool (*complete)(const void *options, int count);               /* are these all? NULL: it takes one file */
    sw_status (*run)(void *options, char *const *files, int count); /* files[count] is NULL */
    int failure; /* exit code of what is no wrong usage; 0 = SW_EXIT_STORE */
} sw_command;

/* Reads argv into `options`, a struct of the command's own, runs the command, says what went wrong, if anything did,
 * and gives the exit code. */
int sw_command_run(const sw_command *command, void *options, int argc, char **argv);

/* Prints a finished text as a line, unless something has failed already, and destroys it. Returns the status. */
sw_status sw_command_print(sw_json *json, sw_status status) SW_MUST_CHECK;

/* A number from 0, whole text. */
bool sw_command_number(long long *out, const char *text);

#endif
