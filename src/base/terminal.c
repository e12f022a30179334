/* terminal.c: is somebody looking, and how much can they see? */
#include "symsweep/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool sw_terminal_is(int descriptor) {
    const char *kind = getenv("TERM");
    return isatty(descriptor) && kind && kind[0] && strcmp(kind, "dumb") != 0;
}

void sw_terminal_size(int descriptor, int *rows, int *columns) {
    struct winsize size;
    const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    *rows = known ? size.ws_row : 24;
    *columns = known ? size.ws_col : 80;
}
