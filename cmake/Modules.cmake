# symsweep_module(NAME DEPENDS modules... LIBRARIES targets...): src/NAME/**/*.c as the target symsweep_NAME.
# A new source file needs no line here.

function(symsweep_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  if(SYMSWEEP_SHARED_MODULES)
    add_library(symsweep_${name} SHARED ${sources})
    target_link_options(symsweep_${name} PRIVATE -Wl,-z,defs)
  else()
    add_library(symsweep_${name} STATIC ${sources})
  endif()
  symsweep_configure_module(symsweep_${name})
  set(modules ${ARG_DEPENDS})
  list(TRANSFORM modules PREPEND symsweep_)
  target_link_libraries(symsweep_${name} PRIVATE symsweep::warnings ${modules} ${ARG_LIBRARIES})
endfunction()

function(symsweep_configure_module target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
    SYMSWEEP_VERSION="${PROJECT_VERSION}")
endfunction()
