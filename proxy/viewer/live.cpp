// SPDX-License-Identifier: Apache-2.0

#include "viewer/live.hpp"

#include "viewer/api.hpp"

namespace sidespan::viewer {
namespace {

// JSON has no raw line break, so one data line holds it.
std::string event_of(std::string_view name, std::string_view json) {
  return std::string("event: ").append(name).append("\ndata: ").append(json).append("\n\n");
}

}  // namespace

wire::page_response live::subscribe() {
  wire::page_response response;
  response.content_type = "text/event-stream";
  response.stream = std::make_shared<wire::page_stream>(": still here\n\n");
  response.stream->send("retry: 1000\n\n" + event_of("hello", "{}"));
  streams_.push_back(response.stream);
  return response;
}

bool live::watched() {
  std::erase_if(streams_, [](const auto& stream) { return stream->closed(); });
  return !streams_.empty();
}

void live::publish(std::span<const trace_summary> traces, bool more, std::string_view stats) {
  std::string events;
  for (const trace_summary& item : traces) events += event_of("trace", json_of(item));
  if (more) events += event_of("more", "{}");
  events += event_of("stats", stats);
  for (const auto& stream : streams_) stream->send(events);
}

void live::close() {
  for (const auto& stream : streams_) stream->close();
  streams_.clear();
}

}  // namespace sidespan::viewer
