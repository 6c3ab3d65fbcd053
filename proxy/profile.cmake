# SPDX-License-Identifier: Apache-2.0
#
# A release build is compiled for the traffic of training.cpp: a first, instrumented build in <tree>/training is run with
# it and leaves <tree>/profile, which every library is then compiled with; the program is optimised as a whole, so that
# what runs together lies together (docs/adr/022). Once per tree: what has changed
# since is compiled as without a profile, until that folder is removed.

set(SIDESPAN_PROFILE "" CACHE STRING "use: compile for measured traffic; record: the build that measures; off. Default: use in release builds by GCC")
set(profile "${SIDESPAN_PROFILE}")
if(profile STREQUAL "")
  set(profile off)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CROSSCOMPILING
     AND NOT SIDESPAN_SANITIZE AND NOT SIDESPAN_FUZZ)
    set(profile use)
  endif()
endif()

# The compiler names a profile after the object file, from the tree's root on: the same in both trees.
set(profile_folder ${PROJECT_BINARY_DIR}/profile)
set(profile_options -fprofile-prefix-path=${PROJECT_BINARY_DIR})

if(profile STREQUAL "record")
  list(APPEND profile_options -fprofile-generate=${SIDESPAN_PROFILE_FOLDER} -fprofile-update=prefer-atomic)
elseif(profile STREQUAL "use")
  set(training_tree ${PROJECT_BINARY_DIR}/training)
  # What was not seen is compiled as usual, not for size; counts of threads that were still running when the program
  # ended may contradict each other; what has changed has no profile, which is no news.
  list(APPEND profile_options -fprofile-use=${profile_folder} -fprofile-partial-training -fprofile-correction
       -Wno-missing-profile -Wno-coverage-mismatch)
  # Both kinds of code in each object: the tests link the usual one, which takes seconds instead of a minute.
  set(profile_lto -flto=auto -ffat-lto-objects)
  set(profile_stamp ${profile_folder}/complete)
  add_custom_command(
    OUTPUT ${profile_stamp}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${profile_folder}
    COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR} -B ${training_tree} -G ${CMAKE_GENERATOR} -DCMAKE_BUILD_TYPE=Release
            -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}" -DSIDESPAN_TESTS=OFF
            -DSIDESPAN_PROFILE=record -DSIDESPAN_PROFILE_FOLDER=${profile_folder} --no-warn-unused-cli
    COMMAND ${CMAKE_COMMAND} --build ${training_tree}
    COMMAND ${training_tree}/sidespan_training ${training_tree}/sidespan
    COMMAND ${CMAKE_COMMAND} -E touch ${profile_stamp}
    COMMENT "Building and running what the release build is optimised for (-DSIDESPAN_PROFILE=off does without)"
    USES_TERMINAL VERBATIM)
  add_custom_target(sidespan_profile DEPENDS ${profile_stamp})
elseif(NOT profile STREQUAL "off")
  message(FATAL_ERROR "SIDESPAN_PROFILE is '${profile}', neither use nor record nor off")
endif()

# sidespan_profiled(<target>): one of those that are compiled for it.
function(sidespan_profiled target)
  if(profile STREQUAL "off")
    return()
  endif()
  target_compile_options(${target} PRIVATE ${profile_options})
  if(profile STREQUAL "record")
    target_link_options(${target} PUBLIC -fprofile-generate)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${profile_lto})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # What the compiler sees in its own specialised copies is no news either.
    target_link_options(${target} PRIVATE ${profile_lto} ${profile_options} -Wno-stringop-overflow)
  endif()
  get_target_property(sources ${target} SOURCES)
  set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS ${profile_stamp})
  add_dependencies(${target} sidespan_profile)
endfunction()

# sidespan_training(): the program that makes the traffic.
function(sidespan_training)
  if(NOT profile STREQUAL "record")
    return()
  endif()
  add_executable(sidespan_training training.cpp)
  set_target_properties(sidespan_training PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  target_link_libraries(sidespan_training PRIVATE sidespan_otlp nlohmann_json::nlohmann_json)
endfunction()
