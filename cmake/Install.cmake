# cmake --install: the program, its man page, the schema and sweeps, batch scripts and launcher, documents, Python package.
# Modules as shared libraries are a check of the sources, not a way to ship them: such a build installs nothing.

if(SYMSWEEP_SHARED_MODULES)
  return()
endif()

set(SYMSWEEP_DATADIR ${CMAKE_INSTALL_DATADIR}/symsweep)

install(TARGETS symsweep RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/symsweep.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE README.md CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs PATTERN symsweep.1 EXCLUDE PATTERN *.h5 EXCLUDE)
install(DIRECTORY sweeps DESTINATION ${SYMSWEEP_DATADIR} FILES_MATCHING PATTERN *.json PATTERN *.md PATTERN *.txt)
install(DIRECTORY slurm DESTINATION ${SYMSWEEP_DATADIR} USE_SOURCE_PERMISSIONS)
install(DIRECTORY analysis DESTINATION ${SYMSWEEP_DATADIR} USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE PATTERN .mypy_cache EXCLUDE PATTERN *.egg-info EXCLUDE PATTERN build EXCLUDE)
install(PROGRAMS scripts/launch DESTINATION ${SYMSWEEP_DATADIR}/scripts)
