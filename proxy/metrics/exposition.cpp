// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "metrics/text_writer.hpp"

namespace sidespan::metrics {
namespace {

using shards_view = std::span<const registry* const>;

constexpr std::array<std::string_view, 5> request_label_names = {"http_request_method", "http_response_status_code",
                                                                 "http_route", "error_type", "server_address"};
constexpr std::array<std::string_view, 2> link_label_names = {"method", "result"};
constexpr std::array<std::string_view, 2> upstream_label_names = {"upstream", "event"};
constexpr std::array<std::string_view, 3> tunnel_label_names = {"leg", "kind", "end"};
constexpr std::array<std::string_view, 2> tunnel_bytes_label_names = {"leg", "direction"};

template <std::size_t Labels>
std::vector<label_view> named(const std::array<std::string_view, Labels>& names,
                              const std::array<std::string_view, Labels>& values) {
  std::vector<label_view> all;
  for (std::size_t i = 0; i < Labels; ++i) all.emplace_back(names[i], values[i]);
  return all;
}

/// The same series of all shards added up, in the order of their labels.
template <class Cell, std::size_t Labels, class Pick>
auto added_up(shards_view shards, Pick pick) {
  std::map<std::array<std::string_view, Labels>, typename Cell::value_type> all;
  for (const registry* shard : shards) {
    const family<Cell, Labels>& one = pick(*shard);
    one.visit([&](const auto& labels, const auto& value) { all[labels] += value; });
  }
  return all;
}

void write_histogram(text_writer& out, const std::string& name, std::vector<label_view> labels,
                     const histogram::value_type& value) {
  const std::string bucket = name + "_bucket";
  labels.emplace_back("le", "");
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < value.buckets.size(); ++i) {
    const std::string bound = i < histogram::bounds.size() ? number(histogram::bounds[i]) : "+Inf";
    so_far += value.buckets[i];
    labels.back().second = bound;
    out.line(bucket, labels, so_far);
  }
  labels.pop_back();
  out.line(name + "_sum", labels, static_cast<double>(value.sum_ns) * 1e-9);
  out.line(name + "_count", labels, so_far);
}

template <class Pick>
void write_requests(text_writer& out, const std::string& name, std::string_view help, shards_view shards, Pick pick) {
  out.header(name, help, "histogram");
  for (const auto& [labels, value] : added_up<histogram, 5>(shards, pick)) {
    write_histogram(out, name, named(request_label_names, labels), value);
  }
}

void write_connections(text_writer& out, shards_view shards) {
  out.header("sidespan_connections_accepted_total", "Connections accepted since the start.", "counter");
  for (const auto& [leg, text] : {std::pair{leg::inbound, "inbound"}, std::pair{leg::outbound, "outbound"}}) {
    std::uint64_t sum = 0;
    for (const registry* shard : shards) sum += shard->accepted(leg);
    out.line("sidespan_connections_accepted_total", std::array{label_view{"leg", text}}, sum);
  }
  out.header("sidespan_connections_open", "Connections open now, by who is at the other end.", "gauge");
  for (const auto& [side, text] : {std::pair{side::downstream, "downstream"}, std::pair{side::upstream, "upstream"}}) {
    std::int64_t sum = 0;
    for (const registry* shard : shards) sum += shard->open(side);
    out.line("sidespan_connections_open", std::array{label_view{"side", text}}, sum);
  }
}

void write_active(text_writer& out, shards_view shards) {
  std::int64_t sum = 0;
  for (const registry* shard : shards) sum += shard->active();
  out.header("http_server_active_requests", "Inbound requests begun and not finished.", "gauge");
  out.line("http_server_active_requests", {}, sum);
  sum = 0;
  for (const registry* shard : shards) sum += shard->clients_active();
  out.header("http_client_active_requests", "Outbound requests begun and not finished.", "gauge");
  out.line("http_client_active_requests", {}, sum);
}

void write_limits(text_writer& out, shards_view shards) {
  constexpr std::array<std::string_view, 1> names = {"limit"};
  out.header("sidespan_limited_total", "Limits that were met: requests refused, responses cut, accepting paused.",
             "counter");
  for (const auto& [labels, value] : added_up<counter, 1>(
           shards, [](auto& shard) -> auto& { return shard.limits(); })) {
    out.line("sidespan_limited_total", named(names, labels), value);
  }
}

void write_links(text_writer& out, shards_view shards) {
  out.header("sidespan_link_total", "Outbound requests by how their parent was found and what came of it.", "counter");
  for (const auto& [labels, value] : added_up<counter, 2>(
           shards, [](auto& shard) -> auto& { return shard.links(); })) {
    out.line("sidespan_link_total", named(link_label_names, labels), value);
  }
}

void write_upstream_events(text_writer& out, shards_view shards) {
  out.header(
      "sidespan_upstream_events_total",
      "Endpoints left alone (ejected, panic), look-ups (dns_changed, dns_failed), waits for a connection (queued, "
      "refused), repeated requests (retried, not_retried).",
      "counter");
  for (const auto& [labels, value] : added_up<counter, 2>(
           shards, [](auto& shard) -> auto& { return shard.upstream_events(); })) {
    out.line("sidespan_upstream_events_total", named(upstream_label_names, labels), value);
  }
}

void write_tunnels(text_writer& out, shards_view shards) {
  out.header("sidespan_tunnels_open", "Upgraded, CONNECT and opaque TCP connections open now.", "gauge");
  for (const auto& [labels, value] : added_up<gauge, 1>(
           shards, [](auto& shard) -> auto& { return shard.open_tunnels(); })) {
    out.line("sidespan_tunnels_open", std::array{label_view{"kind", labels[0]}}, value);
  }
  out.header("sidespan_tunnels_total", "Tunnels that have ended, by who ended them.", "counter");
  for (const auto& [labels, value] : added_up<counter, 3>(
           shards, [](auto& shard) -> auto& { return shard.tunnels(); })) {
    out.line("sidespan_tunnels_total", named(tunnel_label_names, labels), value);
  }
  out.header("sidespan_tunnel_bytes_total", "Bytes of tunnels that have ended: up to the upstream, down from it.",
             "counter");
  for (const auto& [labels, value] : added_up<counter, 2>(
           shards, [](auto& shard) -> auto& { return shard.tunnel_bytes(); })) {
    out.line("sidespan_tunnel_bytes_total", named(tunnel_bytes_label_names, labels), value);
  }
}

void write_sample(text_writer& out, const sample& one) {
  const std::vector<label_view> labels(one.labels.begin(), one.labels.end());
  out.line(one.name, labels, one.value);
}

// The lines of one name must follow each other, whatever order they were handed in.
void write_samples(text_writer& out, std::span<const sample> samples) {
  std::vector<const sample*> written;
  const auto same_as = [](const sample& a) { return [&a](const sample* b) { return a.name == b->name; }; };
  for (const sample& first : samples) {
    if (!valid_metric_name(first.name) || std::any_of(written.begin(), written.end(), same_as(first))) continue;
    written.push_back(&first);
    out.header(first.name, first.help, first.kind == sample::kind::counter ? "counter" : "gauge");
    for (const sample& one : samples) {
      if (one.name == first.name) write_sample(out, one);
    }
  }
}

}  // namespace

std::string exposition(shards_view shards, std::span<const sample> samples) {
  text_writer out;
  write_requests(
      out, "http_server_request_duration_seconds", "Duration of inbound requests.", shards,
      [](auto& shard) -> auto& { return shard.server_requests(); });
  write_requests(
      out, "http_client_request_duration_seconds", "Duration of outbound requests, each attempt by itself.", shards,
      [](auto& shard) -> auto& { return shard.client_requests(); });
  write_active(out, shards);
  write_connections(out, shards);
  write_links(out, shards);
  write_upstream_events(out, shards);
  write_tunnels(out, shards);
  write_limits(out, shards);
  return std::move(out).take() + exposition(samples);
}

std::string exposition(std::span<const sample> samples) {
  text_writer out;
  write_samples(out, samples);
  return std::move(out).take();
}

}  // namespace sidespan::metrics
