/* terminal.h: is somebody looking, and how much can they see? */
#pragma once

#include <stdbool.h>

/* Is the descriptor a terminal on which a cursor can be moved? TERM says; "dumb" and none cannot. */
bool sw_terminal_is(int descriptor);
/* Rows and columns; 24 and 80 where the terminal does not know. */
void sw_terminal_size(int descriptor, int *rows, int *columns);
