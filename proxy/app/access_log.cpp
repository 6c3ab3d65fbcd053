// SPDX-License-Identifier: Apache-2.0
#include "app/access_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

#include "app/line_ring.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "collect/doorbell.hpp"

namespace sidespan::app {

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;
using time_point = steady::time_point;

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
/// Under load the writer comes by this often, so that the shards never have to wake it.
constexpr milliseconds pace{10};

int open_destination(const std::string& to) {
  if (to == "stdout" || to == "stderr")
    return ::fcntl(to == "stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  return ::open(to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

bool is_file(int descriptor) {
  struct stat what {};
  return ::fstat(descriptor, &what) == 0 && S_ISREG(what.st_mode);
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

struct access_log::state {
  state(std::size_t shards, std::size_t ring_bytes) {
    for (std::size_t i = 0; i < shards; ++i) rings.push_back(std::make_unique<line_ring>(ring_bytes));
  }
  ~state() {
    for (const int each : {descriptor, next.load()}) {
      if (each >= 0) ::close(each);
    }
  }

  void run();
  bool take_next();
  void take_new_descriptor();
  void sleep();
  void write_out(std::string_view text);
  bool wait_for_room();
  std::size_t write_piece(std::string_view text);
  void give_up(std::string_view rest, std::atomic<std::uint64_t>& column);
  bool out_of_time() const noexcept { return steady::now() >= stop_at(); }
  bool stopping() const noexcept { return stop_at() != time_point::max(); }
  time_point stop_at() const noexcept {
    return time_point(steady::duration(stop_ticks.load(std::memory_order_acquire)));
  }

  std::vector<std::unique_ptr<line_ring>> rings;
  collect::doorbell bell;
  std::atomic<bool> asleep{false};
  std::atomic<steady::rep> stop_ticks{time_point::max().time_since_epoch().count()};
  std::atomic<int> next{-1};  // a descriptor to go on with
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> late{0};
  std::thread thread;

  // The writer's thread alone.
  int descriptor = -1;
  bool regular = false;
  bool torn = false;  // the last line was cut: the next one begins on a line of its own
  std::string chunk;
  base::throttle say_failed;
};

void access_log::state::run() {
  while (true) {
    take_new_descriptor();
    const bool any = take_next();
    if (any) write_out(chunk);
    if (out_of_time() || (!any && stopping())) break;
    if (any && chunk.size() < chunk_bytes && !stopping()) bell.wait(steady::now() + pace);
    if (!any) sleep();
  }
  while (take_next()) give_up(chunk, late);
}

/// Some of every ring, up to a line's end: only whole lines come in.
bool access_log::state::take_next() {
  chunk.clear();
  for (auto& each : rings) {
    each->take(chunk, chunk_bytes);
    while (!chunk.empty() && chunk.back() != '\n' && each->take(chunk, 1) == 1) {
    }
  }
  return !chunk.empty();
}

void access_log::state::take_new_descriptor() {
  const int fresh = next.exchange(-1, std::memory_order_acq_rel);
  if (fresh < 0) return;
  if (descriptor >= 0) ::close(descriptor);
  descriptor = fresh;
  regular = is_file(descriptor);
  torn = false;
}

/// Of this store and a push, both sequentially consistent, at least one side sees the other.
void access_log::state::sleep() {
  asleep.store(true, std::memory_order_seq_cst);
  const bool nothing = std::all_of(rings.begin(), rings.end(), [](const auto& each) { return each->empty(); });
  if (nothing && !stopping() && next.load(std::memory_order_acquire) < 0) bell.wait(std::nullopt);
  asleep.store(false, std::memory_order_relaxed);
}

void access_log::state::write_out(std::string_view text) {
  if (torn && write_piece("\n") == 1) torn = false;
  while (!text.empty()) {
    if (!regular && !wait_for_room()) return give_up(text, late);
    // A pipe that can be written takes this much without waiting; a line at a time stays whole among other writers.
    std::string_view piece = text.substr(0, regular ? text.size() : std::size_t{PIPE_BUF});
    if (const std::size_t end = piece.rfind('\n'); end != std::string_view::npos) piece = piece.substr(0, end + 1);
    const std::size_t done = write_piece(piece);
    if (done == 0) return give_up(text, failed);
    written.fetch_add(lines_in(text.substr(0, done)), std::memory_order_relaxed);
    torn = text[done - 1] != '\n';
    text.remove_prefix(done);
  }
}

/// False: there is none, and no time left to wait for it.
bool access_log::state::wait_for_room() {
  while (!out_of_time()) {
    pollfd one{descriptor, POLLOUT, 0};
    if (::poll(&one, 1, 50) != 0) return true;  // also an error: the write will tell
  }
  return false;
}

/// 0: it failed.
std::size_t access_log::state::write_piece(std::string_view text) {
  while (true) {
    const ssize_t done = ::write(descriptor, text.data(), text.size());
    if (done > 0) return static_cast<std::size_t>(done);
    const int reason = errno;
    if (done < 0 && reason == EINTR) continue;
    if (done < 0 && reason == EAGAIN && wait_for_room()) continue;
    if (const auto swallowed = say_failed.pass()) {
      base::log(base::log_level::error, "the access log cannot be written",
                {{"reason", std::strerror(reason)}, {"more", std::to_string(*swallowed)}});
    }
    return 0;
  }
}

void access_log::state::give_up(std::string_view rest, std::atomic<std::uint64_t>& column) {
  column.fetch_add(lines_in(rest), std::memory_order_relaxed);
}

access_log::access_log(const std::string& to, std::size_t shards, std::size_t ring_bytes)
    : state_(std::make_unique<state>(shards, ring_bytes)) {
  open(to);
  state_->thread = base::start_thread("access-log", [s = state_.get()] { s->run(); });
}

access_log::~access_log() { stop(steady::now()); }

void access_log::put(std::size_t shard, std::string_view line) noexcept {
  state& s = *state_;
  if (!s.rings[shard]->push(line)) return;
  if (s.asleep.load(std::memory_order_seq_cst) && s.asleep.exchange(false, std::memory_order_relaxed)) s.bell.ring();
}

void access_log::open(const std::string& to) {
  const int fresh = open_destination(to);
  if (fresh < 0) throw std::runtime_error("the access log " + to + " cannot be opened: " + std::strerror(errno));
  const int unused = state_->next.exchange(fresh, std::memory_order_acq_rel);
  if (unused >= 0) ::close(unused);
  state_->bell.ring();
}

void access_log::stop(time_point deadline) {
  if (!state_->thread.joinable()) return;
  deadline = std::min(deadline, steady::now() + std::chrono::hours(1));  // max() means that nobody has called stop()
  state_->stop_ticks.store(deadline.time_since_epoch().count(), std::memory_order_release);
  state_->bell.ring();
  state_->thread.join();
}

access_log_counts access_log::read() const noexcept {
  access_log_counts out;
  for (const auto& each : state_->rings) out.dropped_full += each->dropped();
  out.written = state_->written.load(std::memory_order_relaxed);
  out.dropped_failed = state_->failed.load(std::memory_order_relaxed);
  out.dropped_late = state_->late.load(std::memory_order_relaxed);
  return out;
}

}  // namespace sidespan::app
