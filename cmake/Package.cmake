# cpack -G DEB: a Debian package of what cmake --install installs. scripts/package makes it, scripts/package-test installs
# it into a bare system and runs it there.

if(SYMSWEEP_SHARED_MODULES)
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME symsweep)
set(CPACK_PACKAGE_CONTACT "symsweep maintainers <symsweep@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Trains every run of a sweep of small networks on algorithmic tasks, one a core, under MPI or alone, and streams
accuracy, symmetry violations and the geometry of the embeddings into one HDF5 file that can be read while it is written.
Batch scripts for SLURM, ready sweeps and the Python reports are in /usr/share/symsweep.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# The libraries, by their symbols; dpkg-shlibdeps comes with build-essential.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The launcher of the MPI that was linked.
if(MPI_C_COMPILER MATCHES mpich)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS mpich)
else()
  set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
endif()
# What the reports in /usr/share/symsweep/analysis import.
file(STRINGS ${CMAKE_SOURCE_DIR}/scripts/packages.txt analysis REGEX "^analysis ")
list(TRANSFORM analysis REPLACE "^analysis +" "")
list(JOIN analysis ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS)
include(CPack)
