// SPDX-License-Identifier: Apache-2.0

#include "viewer/assets.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sidespan::viewer::test {
namespace {

wire::page_request get(const std::string& path) {
  wire::page_request request;
  request.method = "GET";
  request.path = path;
  return request;
}

std::string header(const wire::page_response& response, const std::string& name) {
  for (const auto& field : response.headers) {
    if (field.name == name) return field.value;
  }
  return {};
}

std::string unzipped(const std::string& body) {
  z_stream state{};
  REQUIRE(inflateInit2(&state, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  state.avail_in = static_cast<uInt>(body.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  inflateEnd(&state);
  return out;
}

std::filesystem::path folder() { return std::filesystem::path(SIDESPAN_SOURCE_DIR) / "proxy/viewer/assets"; }

}  // namespace

TEST_CASE("assets: every file is embedded byte for byte") {
  const assets parts;
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const wire::page_response plain = parts.respond(get("/assets/" + entry.path().filename().string()));
    INFO(entry.path());
    CHECK(plain.status == 200);
    CHECK(plain.body == body);
    ++seen;
  }
  CHECK(seen >= 8);
}

TEST_CASE("assets: the page answers at / and at every trace") {
  const assets parts;
  CHECK(parts.respond(get("/")).content_type == "text/html; charset=utf-8");
  CHECK(parts.respond(get("/trace/4bf92f3577b34da6a3ce929d0e0e4736")).body == parts.respond(get("/")).body);
  CHECK(parts.respond(get("/assets/app.js")).content_type == "text/javascript; charset=utf-8");
  CHECK(parts.respond(get("/nothing")).status == 404);
  CHECK(parts.respond(get("/assets/../viewer.cpp")).status == 404);
}

TEST_CASE("assets: gzip where it is taken, and a tag per form") {
  const assets parts;
  wire::page_request request = get("/assets/style.css");
  const wire::page_response plain = parts.respond(request);
  request.headers.push_back({"accept-encoding", "deflate, gzip"});
  const wire::page_response zipped = parts.respond(request);
  CHECK(header(zipped, "Content-Encoding") == "gzip");
  CHECK(zipped.body.size() < plain.body.size() / 2);
  CHECK(unzipped(zipped.body) == plain.body);
  CHECK(header(zipped, "ETag") != header(plain, "ETag"));
  request.headers.push_back({"If-None-Match", header(zipped, "ETag")});
  const wire::page_response again = parts.respond(request);
  CHECK(again.status == 304);
  CHECK(again.body.empty());
}

TEST_CASE("assets: the page fetches nothing from elsewhere and runs nothing inline") {
  for (const embedded_file& file : embedded_files()) {
    INFO(file.name);
    const std::string body(file.body);
    for (const char* word :
         {"https://", "//cdn", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("}) {
      CHECK_THAT(body, !Catch::Contains(word));
    }
  }
}

}  // namespace sidespan::viewer::test
