# The libraries that symsweep stands on, each as one imported target symsweep::<name>.

find_package(PkgConfig REQUIRED)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
find_package(ZLIB REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)

# Serial HDF5 where there is a choice. One that was built parallel is used serially: by one process, with the driver that
# a serial one has.
if(NOT DEFINED HDF5_PREFER_PARALLEL)
  set(HDF5_PREFER_PARALLEL OFF)
endif()
find_package(HDF5 REQUIRED COMPONENTS C HL)

# nauty finds the symmetries of tasks (symsweep symmetries). Without it everything else is there, and that command says
# what is missing.
if(SYMSWEEP_NAUTY)
  find_path(NAUTY_INCLUDE_DIR nauty/traces.h)
  find_library(NAUTY_LIBRARY nauty)
endif()

foreach(name cjson crypto blas zlib mpi hdf5 nauty warnings)
  add_library(symsweep_${name}_dependency INTERFACE)
  add_library(symsweep::${name} ALIAS symsweep_${name}_dependency)
endforeach()
target_link_libraries(symsweep_cjson_dependency INTERFACE PkgConfig::CJSON)
target_link_libraries(symsweep_crypto_dependency INTERFACE PkgConfig::CRYPTO)
target_link_libraries(symsweep_blas_dependency INTERFACE PkgConfig::OPENBLAS)
target_link_libraries(symsweep_zlib_dependency INTERFACE ZLIB::ZLIB)
target_link_libraries(symsweep_mpi_dependency INTERFACE MPI::MPI_C)
if(SYMSWEEP_NAUTY AND NAUTY_INCLUDE_DIR AND NAUTY_LIBRARY)
  target_include_directories(symsweep_nauty_dependency SYSTEM INTERFACE ${NAUTY_INCLUDE_DIR})
  target_link_libraries(symsweep_nauty_dependency INTERFACE ${NAUTY_LIBRARY})
  target_compile_definitions(symsweep_nauty_dependency INTERFACE SYMSWEEP_HAS_NAUTY)
else()
  message(STATUS "nauty is not used: without it there is no symsweep symmetries (Debian libnauty2-dev, Spack nauty)")
endif()
target_include_directories(symsweep_hdf5_dependency SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(symsweep_hdf5_dependency INTERFACE ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES})
if(HDF5_IS_PARALLEL) # its headers include mpi.h
  target_link_libraries(symsweep_hdf5_dependency INTERFACE MPI::MPI_C)
endif()

target_compile_options(symsweep_warnings_dependency INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -Wvla -Wundef -Wformat=2)
# Nobody reads errno of a math function nor floating-point traps; without them sqrt and comparisons vectorize. NaN and
# infinity keep their meaning, and without contraction every vector width rounds alike.
target_compile_options(symsweep_warnings_dependency INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math)
if(SYMSWEEP_WERROR)
  target_compile_options(symsweep_warnings_dependency INTERFACE -Werror)
endif()
if(SYMSWEEP_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(SYMSWEEP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
