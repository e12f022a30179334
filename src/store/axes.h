/* axes.h: values of axes that no sweep gives: of rows that are no longer in the sweep when an axis comes into the
 * file, of runs that come when an axis has left it, of files of different forms of a sweep that are merged. */
#pragma once

#include "store/catalog.h"

/* Gives missing values of /runs/axes what the rows' own configurations say. Rows with a checksum that fitted get the
 * new one; damaged rows stay so. */
sw_status sw_axes_complete(const sw_catalog *catalog, const sw_store_knowledge *knowledge) SW_MUST_CHECK;
