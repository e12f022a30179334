/* screen.h: the whole terminal of stdout, for what is drawn again and again. */
#pragma once

#include <stdbool.h>

/* Takes the terminal's other screen, without a cursor. However the program ends or is stopped (but by SIGKILL), the
 * first screen and its cursor come back. */
void sw_screen_enter(void);
void sw_screen_leave(void);

/* The text from the upper left corner on, in place of what was there: of its lines as many as there are rows, each cut
 * to the columns. */
void sw_screen_draw(const char *text, int rows, int columns);
