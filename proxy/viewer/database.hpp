// SPDX-License-Identifier: Apache-2.0
//
// A thin owner of one SQLite connection and its prepared statements. Used by store and query, on the viewer's thread
// only. Errors are exceptions that say the file and SQLite's own words, because a store that fails is reported once, by
// viewer.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sidespan::viewer {

class database_error : public std::runtime_error {
 public:
  database_error(const std::string& text, int code) : std::runtime_error(text), code_(code) {}
  bool interrupted() const;  // the time given by database::limit_time was over

 private:
  int code_;
};

class database;

/// One prepared statement. bind() counts from 1 and copies; step() is false at the end; columns count from 0.
class statement {
 public:
  statement(database& owner, std::string_view sql);
  ~statement();
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  template <class... Values>
  statement& with(const Values&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }
  void bind(int index, std::int64_t number);
  void bind(int index, std::string_view text);
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  template <std::size_t Size>
  void bind(int index, const std::array<std::uint8_t, Size>& id) {
    bind_blob(index, id.data(), Size);
  }
  bool step();
  /// Runs to the end, rows are ignored; returns the number of rows changed.
  std::int64_t run();
  void reset();

  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // until the next step
  template <std::size_t Size>
  std::array<std::uint8_t, Size> id(int column) const {
    std::array<std::uint8_t, Size> out{};
    read_blob(column, out.data(), Size);
    return out;
  }

 private:
  void bind_blob(int index, const void* data, std::size_t size);
  void read_blob(int column, void* out, std::size_t size) const;

  database& owner_;
  sqlite3_stmt* handle_ = nullptr;
};

class database {
 public:
  /// An empty path is memory. Throws when the file cannot be opened, is in use, is corrupt or is not ours.
  explicit database(std::string path);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  void execute(const char* sql);
  std::int64_t last_insert_id() const;
  /// Bytes in use: pages without the free ones.
  std::uint64_t used_bytes();
  /// Statements that run longer fail with database_error::interrupted; zero takes the limit away.
  void limit_time(std::chrono::milliseconds limit);

  [[noreturn]] void fail(int code) const;

 private:
  friend class statement;
  void open();
  void check_owner();

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::chrono::steady_clock::time_point deadline_;
  std::unique_ptr<statement> page_count_, free_count_;
  std::int64_t page_size_ = 4096;
};

/// Rolls back unless commit() was reached.
class transaction {
 public:
  explicit transaction(database& owner) : owner_(owner) { owner_.execute("BEGIN IMMEDIATE"); }
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  void commit();

 private:
  database& owner_;
  bool open_ = true;
};

}  // namespace sidespan::viewer
