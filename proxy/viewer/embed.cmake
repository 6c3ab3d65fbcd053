# SPDX-License-Identifier: Apache-2.0
#
# Included by proxy/CMakeLists.txt, it makes viewer's assets/ part of sidespan_viewer; run with `cmake -P` at build time (with OUT and
# FILES), it writes the C++ source that holds them.

if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  set(table "")
  set(index 0)
  foreach(file ${FILES})
    get_filename_component(name ${file} NAME)
    file(READ ${file} hex HEX)
    file(SHA256 ${file} digest)
    string(REGEX REPLACE "(................................................................)" "\\1\n    " lines "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${lines}")
    string(APPEND arrays "constexpr unsigned char file_${index}[] = {\n    ${bytes}0x00};\n\n")
    string(APPEND table "    {\"${name}\", view(file_${index}, sizeof file_${index}), \"${digest}\"},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(WRITE ${OUT} "// SPDX-License-Identifier: Apache-2.0
// Generated from proxy/viewer/assets by embed.cmake.

#include \"viewer/assets.hpp\"

namespace sidespan::viewer {
namespace {

${arrays}// Every array ends with one zero that is not part of the file.
std::string_view view(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size - 1}; }

}  // namespace

std::span<const embedded_file> embedded_files() {
  static const embedded_file files[] = {
${table}  };
  return files;
}

}  // namespace sidespan::viewer
")
  return()
endif()

set(viewer_assets_source ${CMAKE_CURRENT_BINARY_DIR}/viewer_assets.cpp)
file(GLOB viewer_assets CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/assets/*)
add_custom_command(
  OUTPUT ${viewer_assets_source}
  COMMAND ${CMAKE_COMMAND} -DOUT=${viewer_assets_source} "-DFILES=${viewer_assets}" -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${viewer_assets} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  COMMENT "Embedding the viewer's page" VERBATIM)
target_sources(sidespan_viewer PRIVATE ${viewer_assets_source})
