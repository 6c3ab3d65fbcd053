// SPDX-License-Identifier: Apache-2.0

#include "viewer/assets.hpp"

#include <zlib.h>

#include <algorithm>

namespace sidespan::viewer {
namespace {

std::string gzip(std::string_view body) {
  z_stream state{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&state, body.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  state.avail_in = static_cast<uInt>(body.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&state, Z_FINISH) == Z_STREAM_END;
  out.resize(state.total_out);
  deflateEnd(&state);
  return whole && out.size() < body.size() ? out : std::string();
}

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

std::string_view name_of(std::string_view path) {
  constexpr std::string_view folder = "/assets/";
  if (path == "/" || path.starts_with("/trace/")) return "index.html";
  if (path == "/favicon.ico") return "favicon.svg";
  return path.starts_with(folder) ? path.substr(folder.size()) : std::string_view{};
}

}  // namespace

assets::assets() {
  for (const embedded_file& file : embedded_files()) entries_.push_back({file, gzip(file.body)});
}

wire::page_response assets::respond(const wire::page_request& request) const {
  wire::page_response response;
  const std::string_view name = name_of(request.path);
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [name](const entry& item) { return item.file.name == name; });
  if (found == entries_.end()) {
    response.status = 404;
    response.body = "there is no such page\n";
    return response;
  }
  if (request.method != "GET") {
    response.status = 405;
    response.headers.push_back({"Allow", "GET, HEAD"});
    response.body = "only GET is known here\n";
    return response;
  }
  const bool zipped =
      !found->compressed.empty() && request.header("accept-encoding").find("gzip") != std::string_view::npos;
  const std::string etag = '"' + std::string(found->file.digest.substr(0, 32)) + (zipped ? "-gz\"" : "\"");
  response.content_type = type_of(name);
  // no-cache: always asked again, so that a new version of the program is never mixed with old parts.
  response.headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
  if (request.header("if-none-match").find(etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  if (zipped) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = zipped ? found->compressed : std::string(found->file.body);
  return response;
}

}  // namespace sidespan::viewer
