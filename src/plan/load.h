/* company.h: other processes that do what is being measured, so that it is measured as fast as it will be when every
 * core of the machine works. Cores share clock, caches and memory. */
#ifndef SYMSWEEP_PLAN_LOAD_H
#define SYMSWEEP_PLAN_LOAD_H

#include "symsweep/plan.h"

#include <sys/types.h>

enum { SW_COMPANY_MOST = 63 };

typedef struct sw_company {
    pid_t process[SW_COMPANY_MOST];
    size_t count;
} sw_company;

/* Starts up to `count` processes that measure this run again and again; fewer when the system gives no more. They end
 * with sw_company_end, or with the caller. */
void sw_company_start(sw_company *company, size_t count, sw_pace_function measure, const sw_run_config *config);
void sw_company_end(sw_company *company);

#endif
