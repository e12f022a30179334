/* scan.h: the scanner behind document.c. */
#pragma once

#include "config/document.h"

/* Fills document->nodes (but `item`) from document->text. Blanks in the text what it reports and can skip, so that
 * cJSON reads the rest. SW_E_CONFIG: the text cannot be read to its end. */
sw_status sw_scan_document(sw_document *document) SW_MUST_CHECK;
