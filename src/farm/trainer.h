/* trainer.h: takes assignments, trains them one after the other, says what comes of them. Knows neither MPI nor
 * processes: messages come in through sw_trainer_accept and go out through a port, which is a socket in a child of a
 * worker rank, the master itself in a job of one process, and a list in a test. */
#pragma once

#include "symsweep/fail.h"

typedef struct sw_trainer_port {
    void *context;
    /* Sends a frame, or keeps it to be sent with others; a failure ends the run and is what sw_trainer_work returns. */
    sw_status (*send)(void *context, const void *frame, size_t size);
    /* Sends what was kept; NULL when nothing ever is. Called when a run begins and after every poll. What is said at
     * other times may go with what follows; the port sends it before it waits for messages of the master. */
    sw_status (*flush)(void *context);
    /* Called every few milliseconds while a run trains, between two steps: hands in what has come. */
    sw_status (*poll)(void *context);
} sw_trainer_port;

typedef struct sw_trainer sw_trainer;

/* `port` is copied. */
sw_status sw_trainer_create(sw_trainer **out, const sw_trainer_port *port) SW_MUST_CHECK;
void sw_trainer_destroy(sw_trainer *trainer);

/* A message from the master. */
sw_status sw_trainer_accept(sw_trainer *trainer, const void *frame, size_t size) SW_MUST_CHECK;

/* Does a run wait to be trained? */
bool sw_trainer_has_work(const sw_trainer *trainer);

/* Trains the next run to its end and reports it; that it failed is no failure of this function. *spoiled: this process
 * was refused memory or I/O and another one may fare better. */
sw_status sw_trainer_work(sw_trainer *trainer, bool *spoiled) SW_MUST_CHECK;

/* Told that the job is over. */
bool sw_trainer_quit(const sw_trainer *trainer);
