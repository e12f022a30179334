/* hdf5.h: the few HDF5 calls this module makes, with our status and message in place of its error stack.
 *
 * Internal to src/store. Every function returns SW_OK or a failure whose message names the path and the library's
 * innermost complaint: SW_E_IO when the operating system refused (errno in the text), SW_E_STORE otherwise. */
#pragma once

#include "store/schema.h"

#include <hdf5.h>
#include <stdint.h>

/* Silences the library and switches its own file locking off: our sidecar lock guards the file, and a reader that holds
 * it open must not stop a writer. Call before anything else; cheap to repeat. */
void sw_hdf5_begin(void);

/* "context: <innermost description of the library's error stack>". Clears that stack. */
sw_status sw_hdf5_fail(const char *format, ...) SW_PRINTF(1, 2);

/* File access properties for our opens (format of 1.10, no file locking); -1 with a message. */
hid_t sw_hdf5_access(void);

/* Attributes. Text is a variable-length UTF-8 scalar; arrays have one dimension. */
sw_status sw_hdf5_set_text(hid_t object, const char *name, const char *text) SW_MUST_CHECK;
sw_status sw_hdf5_set_array(hid_t object, const char *name, hid_t file_type, hid_t memory_type, const void *values,
                            size_t count) SW_MUST_CHECK;
/* A scalar. */
sw_status sw_hdf5_set_integer(hid_t object, const char *name, hid_t file_type, int64_t value) SW_MUST_CHECK;
/* The one text that an open attribute or dataset holds, as a malloc'ed string; `what` names it in messages. */
sw_status sw_hdf5_read_text(char **out, hid_t object, const char *what) SW_MUST_CHECK;
/* A text attribute of any string type as a malloc'ed string. *out = NULL when there is none. */
sw_status sw_hdf5_get_text(char **out, hid_t object, const char *name) SW_MUST_CHECK;
/* An integer attribute (scalar or of one element). */
sw_status sw_hdf5_get_integer(int64_t *out, hid_t object, const char *name) SW_MUST_CHECK;

/* The variable-length UTF-8 string type; close with H5Tclose. */
hid_t sw_hdf5_text_type(void);

/* Extents of a dataset; rank -1 with a message on failure or more than SW_RANK_MAX dimensions. */
int sw_hdf5_extents(hid_t dataset, const char *path, hsize_t extents[SW_RANK_MAX]);

/* SW_E_IO when a test wants the operation at this point to fail (see fault.h). */
sw_status sw_hdf5_refused(const char *point, const char *path) SW_MUST_CHECK;

/* H5Fflush of the whole file. */
sw_status sw_hdf5_flush(hid_t file, const char *path) SW_MUST_CHECK;

/* H5Fclose. Holds on to the file's driver meanwhile: HDF5 1.10 lets go of it before it calls its close, out of freed
 * memory if the file was its last user. */
herr_t sw_hdf5_close_file(hid_t file);

/* Closes whatever the identifier is (file, dataset, group, type, space, property list); negative ones are fine. Keeps
 * the library's error stack. */
void sw_hdf5_close(hid_t id);
