/* checkpoint.h: a run's checkpoint file, run->checkpoint.path. */
#pragma once

#include "train/run.h"

/* Writes it through a temporary name, checksummed and synced. */
sw_status sw_checkpoint_write(const sw_run *run) SW_MUST_CHECK;

/* Writes the state before the last evaluation to sw_train_kept_path; what cannot be written is not there. */
sw_status sw_checkpoint_keep(const sw_run *run) SW_MUST_CHECK;

/* Reads it back into the run. *found = false when there is none or it is put aside with a warning. */
sw_status sw_checkpoint_read(bool *found, sw_run *run) SW_MUST_CHECK;
