#include "farm/serial.h"

#include "farm/signals.h"
#include "farm/trainer.h"
#include "symsweep/clock.h"

static const double IDLE_SECONDS = 0.1;

/* The two ends; each is the other's port. */
typedef struct pair {
    sw_master *master;
    sw_trainer *trainer;
} pair;

static sw_status to_trainer(void *context, size_t worker, const void *frame, size_t size)
{
    (void)worker; /* there is but one */
    return sw_trainer_accept(((pair *)context)->trainer, frame, size);
}

static sw_status to_master(void *context, const void *frame, size_t size)
{
    return sw_master_receive(((pair *)context)->master, 0, frame, size);
}

static sw_status between_steps(void *context) { return sw_master_tick(((pair *)context)->master); }

static sw_status run(pair *ends)
{
    bool spoiled; /* there is no other process to try in */
    for (;;) {
        sw_status status = sw_master_tick(ends->master);
        if (status != SW_OK || sw_master_over(ends->master)) return status;
        if (sw_trainer_has_work(ends->trainer))
            status = sw_trainer_work(ends->trainer, &spoiled);
        else
            sw_clock_sleep(IDLE_SECONDS); /* until the results file can be written again */
        if (status != SW_OK) return status;
    }
}

sw_status sw_serial_run(int *exit_code, const sw_master_settings *settings)
{
    pair ends = {NULL, NULL};
    sw_master_settings mine = *settings;
    mine.workers = 1;
    mine.first_rank = 0;
    mine.port = (sw_master_port){.context = &ends, .send = to_trainer};
    const sw_trainer_port port = {.context = &ends, .send = to_master, .poll = between_steps};
    sw_signals_exit_on_second(); /* a step may take long, and nobody else is there to react */
    sw_status status = sw_trainer_create(&ends.trainer, &port);
    if (status == SW_OK) status = sw_master_create(&ends.master, &mine);
    if (status == SW_OK) status = run(&ends);
    if (status == SW_OK) {
        sw_display_clear(settings->display);
        sw_master_close_progress(ends.master);
        sw_master_report(ends.master);
        *exit_code = sw_master_exit_code(ends.master);
    }
    sw_master_destroy(ends.master);
    sw_trainer_destroy(ends.trainer);
    return status;
}
