# Run at every build: writes OUTPUT, a C file that defines sw_version and sw_version_commit, when the commit has changed.
# cmake -DSOURCE_DIR=... -DVERSION=... -DOUTPUT=... -P GitCommit.cmake

set(commit unknown)
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT} -c safe.directory=* -C ${SOURCE_DIR} describe --always --abbrev=40 --exclude=* --dirty
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()

set(text "/* Written by cmake/GitCommit.cmake. */
#include \"symsweep/version.h\"

const char *sw_version(void)
{
    return \"${VERSION}\";
}

const char *sw_version_commit(void)
{
    return \"${commit}\";
}
")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
