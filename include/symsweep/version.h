/* version.h: which program this is. */
#pragma once

/* "0.1.0" */
const char *sw_version(void);

/* The git commit that was built, 40 hex digits, with "-dirty" when tracked files differed from it; "unknown" outside a
 * repository. Written at build time by cmake/GitCommit.cmake. */
const char *sw_version_commit(void);
