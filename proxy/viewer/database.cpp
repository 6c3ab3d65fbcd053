// SPDX-License-Identifier: Apache-2.0

#include "viewer/database.hpp"

#include <sqlite3.h>

#include <cstring>

namespace sidespan::viewer {
namespace {

constexpr std::int64_t application_id = 0x73737661;
constexpr std::int64_t schema_version = 1;

constexpr const char* schema = R"sql(
CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, spans INTEGER NOT NULL);
CREATE TABLE resource (id INTEGER PRIMARY KEY, service INTEGER NOT NULL, body TEXT NOT NULL, spans INTEGER NOT NULL, UNIQUE (body, service));
CREATE TABLE trace (
  id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE, arrived INTEGER NOT NULL,
  start INTEGER NOT NULL, finish INTEGER NOT NULL, spans INTEGER NOT NULL, errors INTEGER NOT NULL,
  root_rank INTEGER NOT NULL, root_start INTEGER NOT NULL, root_service INTEGER NOT NULL, root_name TEXT NOT NULL);
CREATE INDEX trace_by_start ON trace (start);
CREATE TABLE trace_service (trace INTEGER NOT NULL, service INTEGER NOT NULL, spans INTEGER NOT NULL, PRIMARY KEY (trace, service)) WITHOUT ROWID;
CREATE TABLE span (
  id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, span_id BLOB NOT NULL, parent BLOB NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,
  start INTEGER NOT NULL, finish INTEGER NOT NULL, status INTEGER NOT NULL, flags INTEGER NOT NULL,
  resource INTEGER NOT NULL, scope TEXT NOT NULL, detail TEXT NOT NULL);
CREATE UNIQUE INDEX span_by_id ON span (trace, span_id);
)sql";

int out_of_time(void* deadline) {
  return std::chrono::steady_clock::now() > *static_cast<std::chrono::steady_clock::time_point*>(deadline) ? 1 : 0;
}

std::int64_t pragma(database& owner, const char* name) {
  statement question(owner, std::string("PRAGMA ") + name);
  return question.step() ? question.number(0) : 0;
}

}  // namespace

bool database_error::interrupted() const { return code_ == SQLITE_INTERRUPT; }

statement::statement(database& owner, std::string_view sql) : owner_(owner) {
  const int code = sqlite3_prepare_v3(owner.handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) owner_.fail(code);
}

statement::~statement() { sqlite3_finalize(handle_); }

void statement::bind(int index, std::int64_t number) { sqlite3_bind_int64(handle_, index, number); }

void statement::bind(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  const int code = sqlite3_bind_text64(handle_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) owner_.fail(code);
}

void statement::bind_blob(int index, const void* data, std::size_t size) {
  sqlite3_bind_blob(handle_, index, data, static_cast<int>(size), SQLITE_TRANSIENT);
}

bool statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(handle_);
  owner_.fail(code);
}

std::int64_t statement::run() {
  while (step()) {
  }
  sqlite3_reset(handle_);
  return sqlite3_changes64(owner_.handle_);
}

void statement::reset() { sqlite3_reset(handle_); }

std::int64_t statement::number(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void statement::read_blob(int column, void* out, std::size_t size) const {
  const void* data = sqlite3_column_blob(handle_, column);
  if (data != nullptr && static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)) == size)
    std::memcpy(out, data, size);
}

database::database(std::string path) : path_(std::move(path)) {
  try {
    open();
  } catch (...) {
    page_count_.reset();
    free_count_.reset();
    sqlite3_close_v2(handle_);
    throw;
  }
}

database::~database() {
  page_count_.reset();
  free_count_.reset();
  sqlite3_close_v2(handle_);
}

void database::open() {
  const char* name = path_.empty() ? ":memory:" : path_.c_str();
  // A URI in the path ("file:…?mode=…") is taken as a plain file name.
  const int code =
      sqlite3_open_v2(name, &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(handle_, 0);
  sqlite3_busy_timeout(handle_, 1000);
  // Two viewers on one file would each evict and count on their own: the second is refused.
  execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;");
  check_owner();
  if (!path_.empty()) execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  execute("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;");
  page_count_ = std::make_unique<statement>(*this, "PRAGMA page_count");
  free_count_ = std::make_unique<statement>(*this, "PRAGMA freelist_count");
  page_size_ = pragma(*this, "page_size");
}

void database::check_owner() {
  transaction exclusive(*this);
  const std::int64_t owner = pragma(*this, "application_id");
  const std::int64_t version = pragma(*this, "user_version");
  const bool fresh = pragma(*this, "schema_version") == 0;
  if (fresh) {
    execute(schema);
    execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    execute(("PRAGMA user_version = " + std::to_string(schema_version)).c_str());
  } else if (owner != application_id) {
    throw database_error("trace store " + path_ + ": is a database of another program; name another file",
                         SQLITE_ERROR);
  } else if (version != schema_version) {
    throw database_error("trace store " + path_ + ": was written by another version (layout " +
                             std::to_string(version) + ", this one has " + std::to_string(schema_version) +
                             "); delete it or name another file",
                         SQLITE_ERROR);
  }
  exclusive.commit();
}

void database::execute(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code);
}

std::int64_t database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

std::uint64_t database::used_bytes() {
  page_count_->reset();
  free_count_->reset();
  const std::int64_t pages = page_count_->step() ? page_count_->number(0) : 0;
  const std::int64_t free = free_count_->step() ? free_count_->number(0) : 0;
  page_count_->reset();
  free_count_->reset();
  return static_cast<std::uint64_t>((pages - free) * page_size_);
}

void database::limit_time(std::chrono::milliseconds limit) {
  deadline_ = std::chrono::steady_clock::now() + limit;
  const bool limited = limit.count() > 0;
  sqlite3_progress_handler(handle_, limited ? 200 : 0, limited ? out_of_time : nullptr, &deadline_);
}

void database::fail(int code) const {
  const char* detail = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  std::string text = "trace store " + (path_.empty() ? std::string("in memory") : path_) + ": " + detail;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) text += " (is another viewer using it?)";
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) text += "; delete it or name another file";
  throw database_error(text, code);
}

transaction::~transaction() {
  if (!open_) return;
  try {
    owner_.execute("ROLLBACK");
  } catch (const database_error&) {  // SQLite has rolled back by itself after some failures
  }
}

void transaction::commit() {
  owner_.execute("COMMIT");
  open_ = false;
}

}  // namespace sidespan::viewer
