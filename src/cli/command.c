/* command.c: how subcommands read their command line and end. */
#include "cli/command.h"

#include "symsweep/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 8, FIRST_NUMBER = 256 }; /* options are numbers beyond the letters */

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

static sw_status take(const sw_command_option *option, void *options)
{
    void *place = (char *)options + option->place;
    switch (option->kind) {
    case SW_COMMAND_FLAG: *(bool *)place = true; break;
    case SW_COMMAND_TEXT: *(const char **)place = optarg; break;
    case SW_COMMAND_PARSED: return option->parse(options, optarg);
    }
    return SW_OK;
}

/* What getopt must know of the options. */
static void describe(struct option out[OPTIONS_MAX + 2], char letters[2 * OPTIONS_MAX + 2], const sw_command *command)
{
    size_t count = 0;
    for (const sw_command_option *option = command->options; option->name; option++) {
        const bool valued = option->kind != SW_COMMAND_FLAG;
        out[count] = (struct option){option->name, valued, NULL, FIRST_NUMBER + (int)count};
        count++;
        if (option->letter) *letters++ = option->letter;
        if (option->letter && valued) *letters++ = ':';
    }
    if (command->when != SW_HELP_FIRST) {
        out[count++] = (struct option){"help", no_argument, NULL, 'h'};
        *letters++ = 'h';
    }
    out[count] = (struct option){0};
    *letters = 0;
}

static const sw_command_option *find(const sw_command *command, int found)
{
    for (int i = 0; command->options[i].name; i++)
        if (found == FIRST_NUMBER + i || found == command->options[i].letter) return &command->options[i];
    return NULL;
}

/* Options, then files from argv[optind]; *help: the text is asked for instead. */
static sw_status parse(const sw_command *command, void *options, bool *help, int argc, char **argv)
{
    struct option described[OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + 2];
    describe(described, letters, command);
    *help = command->when == SW_HELP_FIRST && asks_for_help(argc, argv);
    if (*help) return SW_OK;
    optind = 1;
    opterr = command->when == SW_HELP_FIRST;
    for (int found; (found = getopt_long(argc, argv, letters, described, NULL)) != -1;) {
        const sw_command_option *option = find(command, found);
        *help = *help || found == 'h';
        if (*help && command->when == SW_HELP_AT_ONCE) return SW_OK;
        if (found == 'h') continue;
        if (!option)
            return sw_fail(SW_E_USAGE, "%s; see symsweep %s --help",
                           command->unknown ? command->unknown : "unknown option, or its value is missing",
                           command->name);
        sw_status status = take(option, options);
        if (status != SW_OK) return status;
    }
    const int files = argc - optind;
    if (*help || (command->complete ? command->complete(options, files) : files == 1)) return SW_OK;
    return sw_fail(SW_E_USAGE, "%s; see symsweep %s --help", command->expected, command->name);
}

int sw_command_run(const sw_command *command, void *options, int argc, char **argv)
{
    bool help;
    sw_status status = parse(command, options, &help, argc, argv);
    if (status == SW_OK && help)
        fputs(command->help, stdout);
    else if (status == SW_OK)
        status = command->run(options, argv + optind, argc - optind);
    if (status == SW_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = sw_fail(SW_E_IO, "stdout: %s", strerror(errno));
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_fail_message());
    return status == SW_E_USAGE ? SW_EXIT_USAGE : command->failure ? command->failure : SW_EXIT_STORE;
}

sw_status sw_command_print(sw_json *json, sw_status status)
{
    const char *text = status == SW_OK ? sw_json_text(json) : NULL;
    if (text)
        puts(text);
    else if (status == SW_OK)
        status = SW_E_MEMORY;
    sw_json_destroy(json);
    return status;
}

bool sw_command_number(long long *out, const char *text)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && !*end && !errno && *out >= 0;
}
