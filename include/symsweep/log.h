/* log.h: progress, warnings and errors on stderr. stdout is for what was asked. */
#pragma once

#include "symsweep/fail.h"

typedef enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG } sw_log_level;

/* Messages above this level are dropped. Default SW_LOG_INFO. */
void sw_log_set_level(sw_log_level level);

/* One whole line to stderr, "symsweep: warning: ..." with a prefix for errors and warnings only. */
void sw_log(sw_log_level level, const char *format, ...) SW_PRINTF(2, 3);

#define sw_error(...) sw_log(SW_LOG_ERROR, __VA_ARGS__)
#define sw_warn(...) sw_log(SW_LOG_WARNING, __VA_ARGS__)
#define sw_info(...) sw_log(SW_LOG_INFO, __VA_ARGS__)
#define sw_debug(...) sw_log(SW_LOG_DEBUG, __VA_ARGS__)
