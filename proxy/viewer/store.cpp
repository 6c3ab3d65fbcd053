// SPDX-License-Identifier: Apache-2.0

#include "viewer/store.hpp"

#include <algorithm>
#include <limits>

#include "viewer/encode.hpp"

namespace sidespan::viewer {
namespace {

// Times past the year 2262 do not fit SQLite's integers; they sort last all the same.
std::int64_t storable(std::uint64_t time) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(time, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

struct store::trace_row {
  std::int64_t id = 0;
  std::int64_t start = std::numeric_limits<std::int64_t>::max();
  std::int64_t finish = 0;
  std::int64_t spans = 0;
  std::int64_t errors = 0;
  std::int64_t root_rank = -1;  // 1: a span without parent, 0: the earliest of the others, -1: none yet
  std::int64_t root_start = 0;
  std::int64_t root_service = 0;
  std::string root_name;

  void take(const span& item, std::int64_t service) {
    const std::int64_t begin = storable(item.start_unix_nano);
    start = std::min(start, begin);
    finish = std::max({finish, begin, storable(item.end_unix_nano)});
    ++spans;
    if (item.status == span_status::error) ++errors;
    const std::int64_t rank = is_set(item.parent_span_id) ? 0 : 1;
    if (rank < root_rank || (rank == root_rank && begin >= root_start)) return;
    root_rank = rank;
    root_start = begin;
    root_service = service;
    root_name = clean_text(item.name);
  }
};

struct store::owner_row {
  std::int64_t resource;
  std::int64_t service;
};

struct store::batch_state {
  std::map<trace_id, trace_row> traces;
  std::map<const resource*, owner_row> owners;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> trace_services;  // (trace, service) → spans
  std::map<std::int64_t, std::int64_t> services;                                 // → spans
  std::map<std::int64_t, std::int64_t> resources;                                // → spans
};

struct store::statements {
  explicit statements(database& data)
      : find_trace(data,
                   "SELECT id, start, finish, spans, errors, root_rank, root_start, root_service, root_name FROM trace "
                   "WHERE trace_id = ?"),
        add_trace(data, "INSERT INTO trace VALUES (NULL, ?, ?, 0, 0, 0, 0, -1, 0, 0, '')"),
        set_trace(data,
                  "UPDATE trace SET start = ?2, finish = ?3, spans = ?4, errors = ?5, root_rank = ?6, root_start = ?7, "
                  "root_service = ?8, root_name = ?9 WHERE id = ?1"),
        find_service(data, "SELECT id FROM service WHERE name = ?"),
        add_service(data, "INSERT INTO service VALUES (NULL, ?, 0)"),
        find_resource(data, "SELECT id FROM resource WHERE body = ? AND service = ?"),
        add_resource(data, "INSERT INTO resource VALUES (NULL, ?2, ?1, 0)"),
        add_span(data, "INSERT OR IGNORE INTO span VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        count_service(data, "UPDATE service SET spans = spans + ?2 WHERE id = ?1"),
        count_resource(data, "UPDATE resource SET spans = spans + ?2 WHERE id = ?1"),
        count_trace_service(
            data, "INSERT INTO trace_service VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET spans = spans + ?3"),
        totals(data, "SELECT count(*), coalesce(sum(spans), 0) FROM trace"),
        oldest(data, "SELECT id, spans, arrived FROM trace ORDER BY id LIMIT 1"),
        uncount_services(data,
                         "UPDATE service SET spans = service.spans - t.spans FROM trace_service t "
                         "WHERE t.trace = ? AND t.service = service.id"),
        uncount_resources(data,
                          "UPDATE resource SET spans = resource.spans - s.n FROM "
                          "(SELECT resource AS id, count(*) AS n FROM span WHERE trace = ? GROUP BY resource) s WHERE "
                          "s.id = resource.id"),
        drop_spans(data, "DELETE FROM span WHERE trace = ?"),
        drop_trace_services(data, "DELETE FROM trace_service WHERE trace = ?"),
        drop_trace(data, "DELETE FROM trace WHERE id = ?") {}

  statement find_trace, add_trace, set_trace, find_service, add_service, find_resource, add_resource, add_span;
  statement count_service, count_resource, count_trace_service, totals;
  statement oldest, uncount_services, uncount_resources, drop_spans, drop_trace_services, drop_trace;
};

store::store(database& data, store_limits limits, const base::clock& clock)
    : data_(data), limits_(limits), clock_(clock), sql_(std::make_unique<statements>(data)) {
  if (sql_->totals.step()) {
    counts_.traces = sql_->totals.number(0);
    counts_.spans = sql_->totals.number(1);
  }
  sql_->totals.reset();
  evict();
}

store::~store() = default;

std::vector<std::int64_t> store::insert(std::span<const span> batch) {
  batch_state state;
  store_counts counts = counts_;
  std::vector<std::int64_t> touched;
  {
    transaction all(data_);
    for (const span& item : batch) {
      if (!is_set(item.trace_id) || !is_set(item.span_id)) {
        ++counts.dropped_spans;
        continue;
      }
      trace_row& trace = trace_of(state, item);
      const owner_row owner = owner_of(state, item);
      if (!insert_span(trace, owner, item)) {
        ++counts.duplicate_spans;
        continue;
      }
      if (trace.spans == 0) ++counts.traces;
      ++counts.spans;
      trace.take(item, owner.service);
      ++state.trace_services[{trace.id, owner.service}];
      ++state.services[owner.service];
      ++state.resources[owner.resource];
    }
    write_back(state);
    for (const auto& [id, trace] : state.traces) touched.push_back(trace.id);
    all.commit();  // the last that may fail
  }
  counts_ = counts;
  return touched;
}

store::trace_row& store::trace_of(batch_state& state, const span& item) {
  const auto [known, fresh] = state.traces.try_emplace(item.trace_id);
  trace_row& row = known->second;
  if (!fresh) return row;
  statement& found = sql_->find_trace.with(item.trace_id);
  if (found.step()) {
    row = {found.number(0), found.number(1), found.number(2), found.number(3),           found.number(4),
           found.number(5), found.number(6), found.number(7), std::string(found.text(8))};
  } else {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(clock_.wall().ns));
    sql_->add_trace.with(item.trace_id, static_cast<std::int64_t>(now.count())).run();
    row.id = data_.last_insert_id();
  }
  found.reset();
  return row;
}

store::owner_row store::owner_of(batch_state& state, const span& item) {
  const auto [known, fresh] = state.owners.try_emplace(item.resource.get());
  if (!fresh) return known->second;
  const std::string service = clean_text(service_of(item), 256);
  const std::string body = item.resource ? json_of(item.resource->attributes) : "{}";
  const auto row_of = [this](statement& find, statement& add) {
    const bool found = find.step();
    const std::int64_t id = found ? find.number(0) : 0;
    find.reset();
    if (found) return id;
    add.run();
    return data_.last_insert_id();
  };
  known->second.service = row_of(sql_->find_service.with(service), sql_->add_service.with(service));
  const std::int64_t owner = known->second.service;
  known->second.resource = row_of(sql_->find_resource.with(body, owner), sql_->add_resource.with(body, owner));
  return known->second;
}

bool store::insert_span(const trace_row& trace, const owner_row& owner, const span& item) {
  statement& add = sql_->add_span.with(
      trace.id, item.span_id, item.parent_span_id, clean_text(item.name), static_cast<std::int64_t>(item.kind),
      storable(item.start_unix_nano), storable(item.end_unix_nano), static_cast<std::int64_t>(item.status),
      static_cast<std::int64_t>(item.flags), owner.resource, clean_text(item.scope), detail_of(item));
  return add.run() > 0;
}

void store::write_back(batch_state& state) {
  for (const auto& [id, row] : state.traces) {
    sql_->set_trace
        .with(row.id, row.start, row.finish, row.spans, row.errors, row.root_rank, row.root_start, row.root_service,
              row.root_name)
        .run();
  }
  for (const auto& [key, spans] : state.trace_services)
    sql_->count_trace_service.with(key.first, key.second, spans).run();
  for (const auto& [service, spans] : state.services) sql_->count_service.with(service, spans).run();
  for (const auto& [resource, spans] : state.resources) sql_->count_resource.with(resource, spans).run();
}

bool store::over_limits(bool evicting) {
  // Once started, a tenth is freed in one go, so that a full store does not evict at every batch.
  const std::uint64_t size_limit = evicting ? limits_.max_size / 10 * 9 : limits_.max_size;
  if (data_.used_bytes() > size_limit) return true;
  if (limits_.max_age.count() == 0) return false;
  statement& oldest = sql_->oldest;
  oldest.reset();
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(clock_.wall().ns));
  const bool old = oldest.step() && oldest.number(2) < (now - limits_.max_age).count();
  oldest.reset();
  return old;
}

void store::evict() {
  if (!over_limits(false)) return;
  store_counts counts = counts_;
  transaction all(data_);
  do {
    const std::int64_t spans = drop_oldest();
    if (spans < 0) break;
    --counts.traces;
    ++counts.dropped_traces;
    counts.spans -= spans;
    counts.dropped_spans += static_cast<std::uint64_t>(spans);
  } while (over_limits(true));
  data_.execute("DELETE FROM resource WHERE spans <= 0; DELETE FROM service WHERE spans <= 0;");
  all.commit();
  counts_ = counts;
}

// Returns how many spans went with the trace; -1 when there was none.
std::int64_t store::drop_oldest() {
  statement& oldest = sql_->oldest;
  oldest.reset();
  if (!oldest.step()) return -1;
  const std::int64_t id = oldest.number(0);
  const std::int64_t spans = oldest.number(1);
  oldest.reset();
  for (statement* step : {&sql_->uncount_services, &sql_->uncount_resources, &sql_->drop_spans,
                          &sql_->drop_trace_services, &sql_->drop_trace}) {
    step->with(id).run();
  }
  return spans;
}

store_counts store::counts() {
  counts_.bytes = data_.used_bytes();
  return counts_;
}

}  // namespace sidespan::viewer
