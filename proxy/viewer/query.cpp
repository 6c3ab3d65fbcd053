// SPDX-License-Identifier: Apache-2.0

#include "viewer/query.hpp"

#include "base/text.hpp"

namespace sidespan::viewer {
namespace {

std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

std::string list_sql(const trace_filter& filter, bool by_id) {
  std::string sql = "SELECT t.id FROM trace t WHERE t.spans > 0";
  if (!filter.service.empty()) {
    sql +=
        " AND EXISTS (SELECT 1 FROM trace_service x JOIN service v ON v.id = x.service WHERE x.trace = t.id AND v.name "
        "= ?1)";
  }
  if (filter.has_error) sql += *filter.has_error ? " AND t.errors > 0" : " AND t.errors = 0";
  if (filter.min_ns) sql += " AND t.finish - t.start >= ?2";
  if (filter.max_ns) sql += " AND t.finish - t.start <= ?3";
  if (by_id) {
    sql += " AND t.trace_id = ?4";
  } else if (!filter.text.empty()) {
    sql +=
        " AND EXISTS (SELECT 1 FROM span s JOIN resource r ON r.id = s.resource WHERE s.trace = t.id AND "
        "(s.name LIKE ?5 ESCAPE '\\' OR s.detail LIKE ?5 ESCAPE '\\' OR r.body LIKE ?5 ESCAPE '\\'))";
  }
  return sql + " ORDER BY t.start DESC, t.id DESC";
}

}  // namespace

std::optional<trace_id> parse_trace_id(std::string_view text) {
  text = base::trim_ows(text);
  if (text.size() >= 55 && text[2] == '-' && text[35] == '-') text = text.substr(3, 32);
  if (text.size() != 32) return std::nullopt;
  trace_id id{};
  if (!base::parse_lower_hex(base::to_lower(text), id) || !is_set(id)) return std::nullopt;
  return id;
}

query::query(database& data)
    : data_(data),
      trace_(data,
             "SELECT t.trace_id, v.name, t.root_name, t.start, t.finish, t.spans, t.errors FROM trace t "
             "JOIN service v ON v.id = t.root_service WHERE t.id = ?"),
      trace_services_(data,
                      "SELECT v.name FROM trace_service x JOIN service v ON v.id = x.service WHERE x.trace = ? ORDER "
                      "BY v.name LIMIT 64"),
      find_trace_(data, "SELECT id, spans FROM trace WHERE trace_id = ? AND spans > 0"),
      spans_(data,
             "SELECT s.span_id, s.parent, s.name, s.kind, s.start, s.finish, s.status, s.flags, v.name, s.scope, "
             "r.body, s.detail "
             "FROM span s JOIN resource r ON r.id = s.resource JOIN service v ON v.id = r.service "
             "WHERE s.trace = ? ORDER BY s.start, s.span_id LIMIT ?"),
      services_(data, "SELECT name, spans FROM service ORDER BY name") {}

trace_list query::list(const trace_filter& filter) {
  const std::optional<trace_id> id = parse_trace_id(filter.text);
  statement rows(data_, list_sql(filter, id.has_value()));
  if (!filter.service.empty()) rows.bind(1, filter.service);
  if (filter.min_ns) rows.bind(2, *filter.min_ns);
  if (filter.max_ns) rows.bind(3, *filter.max_ns);
  if (id) rows.bind(4, *id);
  if (!id && !filter.text.empty()) rows.bind(5, like_pattern(filter.text));
  trace_list out;
  std::vector<std::int64_t> newest;
  for (; rows.step(); ++out.total) {
    if (newest.size() < filter.limit) newest.push_back(rows.number(0));
  }
  out.traces = summaries(newest);
  return out;
}

std::vector<trace_summary> query::summaries(std::span<const std::int64_t> rows) {
  std::vector<trace_summary> out;
  for (const std::int64_t row : rows) {
    if (auto known = summary(row)) out.push_back(std::move(*known));
  }
  return out;
}

std::optional<trace_summary> query::summary(std::int64_t row) {
  statement& found = trace_.with(row);
  if (!found.step()) return std::nullopt;
  trace_summary out;
  out.trace_id = found.id<16>(0);
  out.root_service = found.text(1);
  out.root_name = found.text(2);
  out.start_unix_nano = found.number(3);
  out.duration_ns = found.number(4) - found.number(3);
  out.span_count = found.number(5);
  out.error_count = found.number(6);
  found.reset();
  for (trace_services_.with(row); trace_services_.step();) out.services.emplace_back(trace_services_.text(0));
  trace_services_.reset();
  return out;
}

std::optional<stored_trace> query::trace(const trace_id& id, std::size_t limit) {
  statement& found = find_trace_.with(id);
  if (!found.step()) return std::nullopt;
  const std::int64_t row = found.number(0);
  stored_trace out;
  out.total = found.number(1);
  found.reset();
  for (spans_.with(row, static_cast<std::int64_t>(limit)); spans_.step();) {
    stored_span& item = out.spans.emplace_back();
    item.span_id = spans_.id<8>(0);
    item.parent_span_id = spans_.id<8>(1);
    item.name = spans_.text(2);
    item.kind = static_cast<span_kind>(spans_.number(3));
    item.start_unix_nano = spans_.number(4);
    item.end_unix_nano = spans_.number(5);
    item.status = static_cast<span_status>(spans_.number(6));
    item.flags = static_cast<std::uint32_t>(spans_.number(7));
    item.service = spans_.text(8);
    item.scope = spans_.text(9);
    item.resource = spans_.text(10);
    item.detail = spans_.text(11);
  }
  spans_.reset();
  return out;
}

std::vector<service_count> query::services() {
  std::vector<service_count> out;
  for (services_.reset(); services_.step();) out.push_back({std::string(services_.text(0)), services_.number(1)});
  services_.reset();
  return out;
}

}  // namespace sidespan::viewer
