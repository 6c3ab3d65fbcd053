// SPDX-License-Identifier: Apache-2.0

#include "viewer/api.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "viewer/encode.hpp"

namespace sidespan::viewer {
namespace {

using nlohmann::ordered_json;

// A search reads every span; a store of hundreds of megabytes must not keep the page waiting for long.
constexpr std::chrono::milliseconds search_time{2'000};
constexpr std::size_t max_listed = 1'000;
constexpr std::size_t max_search_text = 512;

struct bad_parameter {
  std::string text;
};

std::string dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

std::string_view name_of(span_kind kind) {
  switch (kind) {
    case span_kind::internal:
      return "INTERNAL";
    case span_kind::server:
      return "SERVER";
    case span_kind::client:
      return "CLIENT";
    case span_kind::producer:
      return "PRODUCER";
    case span_kind::consumer:
      return "CONSUMER";
    default:
      return "UNSPECIFIED";
  }
}

std::string_view name_of(span_status status) {
  switch (status) {
    case span_status::ok:
      return "ok";
    case span_status::error:
      return "error";
    default:
      return "unset";
  }
}

std::optional<double> number_of(const wire::page_request& request, std::string_view name, double limit) {
  const std::string_view text = request.query_value(name);
  if (text.empty()) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0) || number > limit) {
    throw bad_parameter{std::string(name) + ": must be a number from 0 to " +
                        std::to_string(static_cast<std::int64_t>(limit))};
  }
  return number;
}

std::optional<std::int64_t> nanoseconds_of(const wire::page_request& request, std::string_view name) {
  const std::optional<double> milliseconds = number_of(request, name, 1e12);
  if (!milliseconds) return std::nullopt;
  return static_cast<std::int64_t>(*milliseconds * 1e6 + 0.5);
}

trace_filter filter_of(const wire::page_request& request) {
  trace_filter filter;
  filter.service = request.query_value("service");
  const std::string_view status = request.query_value("status");
  if (status == "error")
    filter.has_error = true;
  else if (status == "ok")
    filter.has_error = false;
  else if (!status.empty())
    throw bad_parameter{"status: must be \"error\" or \"ok\""};
  filter.min_ns = nanoseconds_of(request, "min_ms");
  filter.max_ns = nanoseconds_of(request, "max_ms");
  filter.text = request.query_value("q");
  if (filter.text.size() > max_search_text) throw bad_parameter{"q: must not be longer than 512 bytes"};
  if (const auto limit = number_of(request, "limit", 1e9)) {
    if (*limit != static_cast<double>(static_cast<std::int64_t>(*limit)) || *limit < 1)
      throw bad_parameter{"limit: must be a whole number from 1"};
    filter.limit = std::min(static_cast<std::size_t>(*limit), max_listed);
  }
  return filter;
}

ordered_json object_of(const trace_summary& item) {
  return {{"trace_id", to_hex(item.trace_id)}, {"root_service", item.root_service},
          {"root_name", item.root_name},       {"start_unix_nano", std::to_string(item.start_unix_nano)},
          {"duration_ns", item.duration_ns},   {"span_count", item.span_count},
          {"error_count", item.error_count},   {"services", item.services}};
}

// `detail` and `resource` are JSON already: they are put in as they are, which keeps a trace of 50,000 spans quick.
void append(std::string& out, const stored_span& item) {
  const ordered_json head = {
      {"span_id", to_hex(item.span_id)},
      {"parent_span_id", is_set(item.parent_span_id) ? to_hex(item.parent_span_id) : ""},
      {"name", item.name},
      {"kind", name_of(item.kind)},
      {"service", item.service},
      {"start_unix_nano", std::to_string(item.start_unix_nano)},
      {"end_unix_nano", std::to_string(item.end_unix_nano)},
      {"status", name_of(item.status)},
      {"flags", item.flags},
      {"scope", item.scope},
  };
  const std::string text = dump(head);
  out.append(text, 0, text.size() - 1).append(",\"resource\":").append(item.resource);
  if (item.detail.size() > 2) out.append(",").append(item.detail, 1, item.detail.size() - 2);
  out += '}';
}

}  // namespace

api::api(database& data, query& reader, store& writer, settings shown)
    : data_(data), query_(reader), store_(writer), settings_(std::move(shown)) {}

wire::page_response api::respond(const wire::page_request& request) {
  if (request.method != "GET") {
    wire::page_response refused = json_error(405, "only GET is known here");
    refused.headers.push_back({"Allow", "GET, HEAD"});
    return refused;
  }
  constexpr std::string_view one_trace = "/api/traces/";
  try {
    if (request.path == "/api/traces") return list(request);
    if (request.path.starts_with(one_trace)) return one(request.path.substr(one_trace.size()));
    if (request.path == "/api/services") return services();
    if (request.path == "/api/stats") return json_response(stats());
    if (request.path == "/api/about") return about();
  } catch (const bad_parameter& bad) {
    return json_error(400, bad.text);
  } catch (const database_error& failed) {
    if (failed.interrupted())
      return json_error(503, "the search took too long; narrow it by service, status or duration");
    return json_error(500, failed.what());
  }
  return json_error(404, "there is no such page");
}

wire::page_response api::list(const wire::page_request& request) {
  struct time_limit {
    database& data;
    explicit time_limit(database& limited) : data(limited) { data.limit_time(search_time); }
    ~time_limit() { data.limit_time(std::chrono::milliseconds(0)); }
  };
  const trace_filter filter = filter_of(request);
  trace_list found;
  {
    const time_limit limited(data_);
    found = query_.list(filter);
  }
  ordered_json traces = ordered_json::array();
  for (const trace_summary& item : found.traces) traces.push_back(object_of(item));
  return json_response(dump(
      {{"traces", std::move(traces)}, {"total", found.total}, {"dropped_traces", store_.counts().dropped_traces}}));
}

wire::page_response api::one(const std::string& text) {
  const std::optional<trace_id> id = parse_trace_id(text);
  if (!id) return json_error(404, "a trace id has 32 hexadecimal digits");
  const std::optional<stored_trace> found = query_.trace(*id, max_served_spans);
  if (!found)
    return json_error(404, "no such trace: it has not arrived, or it was dropped to stay below the size or age limit");
  std::string body =
      "{\"trace_id\":\"" + to_hex(*id) + "\",\"spans_total\":" + std::to_string(found->total) + ",\"spans\":[";
  for (std::size_t i = 0; i < found->spans.size(); ++i) {
    if (i > 0) body += ',';
    append(body, found->spans[i]);
  }
  return json_response(std::move(body) + "]}");
}

wire::page_response api::services() {
  ordered_json list = ordered_json::array();
  for (const service_count& item : query_.services()) list.push_back({{"name", item.name}, {"spans", item.spans}});
  return json_response(dump({{"services", std::move(list)}}));
}

std::string api::stats() {
  const store_counts counts = store_.counts();
  ordered_json out = {{"spans", counts.spans},
                      {"traces", counts.traces},
                      {"bytes", counts.bytes},
                      {"dropped_spans", counts.dropped_spans + queue_drops_},
                      {"dropped_traces", counts.dropped_traces},
                      {"duplicate_spans", counts.duplicate_spans},
                      {"max_bytes", settings_.max_size}};
  if (!problem_.empty()) out["problem"] = problem_;
  return dump(out);
}

wire::page_response api::about() const {
  return json_response(dump({{"otlp", settings_.otlp_address}, {"command", settings_.first_command}}));
}

std::string json_of(const trace_summary& item) { return dump(object_of(item)); }

wire::page_response json_response(std::string body) {
  wire::page_response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

wire::page_response json_error(unsigned status, const std::string& text) {
  wire::page_response response = json_response(dump({{"error", text}}));
  response.status = status;
  return response;
}

}  // namespace sidespan::viewer
