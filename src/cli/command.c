/* command.c: how subcommands read their command line and end. */
#include "cli/command.h"

#include "symsweep/config.h"
#include "symsweep/log.h"
#include "symsweep/text.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 8, FIRST_NUMBER = 256 }; /* options are numbers beyond the letters */

static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

/* What getopt must know of the options. */
static void describe(struct option out[OPTIONS_MAX + 2], char letters[2 * OPTIONS_MAX + 2], const sw_command *command) {
    size_t count = 0;
    for (const sw_command_option *option = command->options; option->name; option++) {
        assert(count < OPTIONS_MAX);
        const bool valued = option->parse != NULL;
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

/* The option that getopt found; -1 = it is unknown. */
static int find(const sw_command *command, int found) {
    for (int i = 0; command->options[i].name; i++)
        if (found == FIRST_NUMBER + i || found == command->options[i].letter) return i;
    return -1;
}

static sw_status take(const sw_command *command, int i, void *options) {
    const sw_command_option *option = i < 0 ? NULL : &command->options[i];
    if (option && !option->parse) {
        *(bool *)((char *)options + option->place) = true;
        return SW_OK;
    }
    if (option && option->parse((char *)options + option->place, optarg)) return SW_OK;
    if (option && option->takes)
        return sw_fail(SW_E_USAGE, "--%s takes %s, not '%s'", option->name, option->takes, optarg);
    return sw_fail(SW_E_USAGE, "%s; see symsweep %s --help",
                   command->unknown ? command->unknown : "unknown option, or its value is missing", command->name);
}

sw_status sw_command_misused(const sw_command *command) {
    return sw_fail(SW_E_USAGE, "%s; see symsweep %s --help", command->expected, command->name);
}

/* Options, then files from argv[optind]; *help: the text is asked for instead. */
static sw_status parse(const sw_command *command, void *options, bool *help, int argc, char **argv) {
    struct option described[OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + 2];
    bool given[OPTIONS_MAX] = {false};
    describe(described, letters, command);
    *help = command->when == SW_HELP_FIRST && asks_for_help(argc, argv);
    if (*help) return SW_OK;
    optind = 1;
    opterr = command->when == SW_HELP_FIRST;
    for (int found; (found = getopt_long(argc, argv, letters, described, NULL)) != -1;) {
        *help = *help || found == 'h';
        if (*help && command->when == SW_HELP_AT_ONCE) return SW_OK;
        if (found == 'h') continue;
        const int i = find(command, found);
        sw_status status = take(command, i, options);
        if (status != SW_OK) return status;
        given[i] = true;
    }
    const int files = command->overrides ? (int)sw_overrides_sort(argv + optind) : argc - optind;
    bool complete = files >= command->least && files <= command->most;
    for (int i = 0; command->options[i].name; i++) complete = complete && (given[i] || !command->options[i].required);
    return *help || complete ? SW_OK : sw_command_misused(command);
}

int sw_command_run(const sw_command *command, void *options, int argc, char **argv) {
    bool help;
    sw_status status = parse(command, options, &help, argc, argv);
    if (status == SW_OK && help)
        fputs(command->help, stdout);
    else if (status == SW_OK)
        status = command->run(options, argv + optind);
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_fail_message());
    if (status == SW_E_INTERRUPTED) return SW_EXIT_STOPPED;
    return status == SW_E_USAGE ? SW_EXIT_USAGE : command->failure ? command->failure : SW_EXIT_STORE;
}

sw_status sw_command_print(sw_json *json, sw_status status) {
    const char *text = status == SW_OK ? sw_json_text(json) : NULL;
    if (text) {
        sw_text_print_json(stdout, text);
        putchar('\n');
    } else if (status == SW_OK) {
        status = SW_E_MEMORY;
    }
    sw_json_destroy(json);
    return status;
}

bool sw_command_text(void *place, const char *value) {
    *(const char **)place = value;
    return true;
}

bool sw_command_number(void *place, const char *value) {
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    *(long long *)place = number;
    return end != value && !*end && !errno && number >= 0;
}
