// SPDX-License-Identifier: Apache-2.0

#include "viewer/viewer.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <iterator>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "viewer/api.hpp"
#include "viewer/assets.hpp"
#include "viewer/live.hpp"
#include "viewer/query.hpp"
#include "viewer/store.hpp"

namespace sidespan::viewer {
namespace {

constexpr std::size_t max_queued_bytes = 64 * 1024 * 1024;
// About 40 ms of work: pages are served between two batches.
constexpr std::size_t max_batch = 2'000;
constexpr std::size_t max_published = 200;
constexpr std::chrono::seconds closing_time{2};

wire::page_settings page_settings_of(const settings& wanted) {
  wire::page_settings out;
  out.address = wanted.address;
  out.port = wanted.port;
  out.allowed_hosts = wanted.allowed_hosts;
  return out;
}

}  // namespace

struct viewer::state {
  state(settings given, const base::clock& clock)
      : wanted(std::move(given)),
        data(wanted.db),
        writer(data, {wanted.max_size, wanted.max_age}, clock),
        reader(data),
        answers(data, reader, writer, wanted),
        pages(context, page_settings_of(wanted),
              [this](const wire::page_request& request) { return respond(request); }),
        batch_timer(context),
        age_timer(context) {}

  wire::page_response respond(const wire::page_request& request) {
    if (request.path == "/api/live" && request.method == "GET") return tail.subscribe();
    if (request.path.starts_with("/api/")) return answers.respond(request);
    return parts.respond(request);
  }

  void start_batch();
  void store_batch();
  struct batch {
    std::vector<span> spans;
    std::size_t dropped = 0;  // in their place: there was no memory to take them
    bool more = false;        // are waiting behind these
  };
  batch take_batch() noexcept;
  void keep(const batch& taken);
  void go_on() noexcept;
  void run() noexcept;
  void publish(const std::vector<std::int64_t>& touched);
  void evict_by_age();
  void complain(const std::exception& problem, std::size_t lost) noexcept;
  void close();

  settings wanted;
  boost::asio::io_context context{1};
  database data;
  store writer;
  query reader;
  api answers;
  live tail;
  assets parts;
  wire::page_server pages;
  boost::asio::steady_timer batch_timer;
  boost::asio::steady_timer age_timer;
  base::throttle complaint;

  std::mutex mutex;  // guards the four below
  std::deque<span> queue;
  std::size_t queued_bytes = 0;
  std::uint64_t refused = 0;
  bool scheduled = false;

  bool closing = false;
  std::thread thread;
};

void viewer::state::start_batch() {
  if (closing) return store_batch();
  batch_timer.expires_after(wanted.batch_delay);
  try {
    batch_timer.async_wait([this](boost::system::error_code) { store_batch(); });
  } catch (const std::bad_alloc&) {
    store_batch();
  }
}

/// Without memory for them spans are dropped: that makes room for those that come.
viewer::state::batch viewer::state::take_batch() noexcept {
  const std::lock_guard lock(mutex);
  answers.report_queue_drops(std::exchange(refused, 0));
  const std::size_t count = std::min(queue.size(), max_batch);
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(count);
  batch taken;
  for (auto item = queue.begin(); item != end; ++item) queued_bytes -= approximate_size(*item);
  try {
    taken.spans.reserve(count);
    std::move(queue.begin(), end, std::back_inserter(taken.spans));
  } catch (const std::bad_alloc&) {
    taken.dropped = count;
  }
  queue.erase(queue.begin(), end);
  scheduled = taken.more = !queue.empty();
  return taken;
}

void viewer::state::store_batch() {
  const batch taken = take_batch();
  if (taken.dropped > 0) complain(std::bad_alloc(), taken.dropped);
  if (!taken.spans.empty()) keep(taken);
  if (taken.more) go_on();
}

void viewer::state::keep(const batch& taken) {
  std::size_t lost = taken.spans.size();
  try {
    const std::vector<std::int64_t> touched = writer.insert(taken.spans);
    lost = 0;  // whatever fails from here on
    writer.evict();
    publish(touched);
    answers.report_problem({});
  } catch (const std::exception& problem) {
    complain(problem, lost);
  }
}

/// Pages are served before it.
void viewer::state::go_on() noexcept {
  try {
    boost::asio::post(context, [this] { store_batch(); });
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex);
    scheduled = false;  // the next that come will ask again
  }
}

/// A page that there was no memory for is not worth the process.
void viewer::state::run() noexcept {
  while (!context.stopped()) {
    try {
      context.run();
    } catch (const std::bad_alloc& problem) {
      complain(problem, 0);
    }
  }
}

void viewer::state::publish(const std::vector<std::int64_t>& touched) {
  if (touched.empty() || !tail.watched()) return;
  const bool more = touched.size() > max_published;
  const std::span<const std::int64_t> newest(
      touched.end() - static_cast<std::ptrdiff_t>(std::min(touched.size(), max_published)), touched.end());
  tail.publish(reader.summaries(newest), more, answers.stats());
}

void viewer::state::evict_by_age() {
  age_timer.expires_after(wanted.housekeeping);
  age_timer.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    evict_by_age();  // first: Asio still has the memory of the wait that is over, so it cannot fail
    try {
      writer.evict();
    } catch (const std::exception& problem) {
      complain(problem, 0);
    }
  });
}

void viewer::state::complain(const std::exception& problem, std::size_t lost) noexcept {
  answers.report_queue_drops(lost);
  try {
    answers.report_problem(problem.what());
    const auto swallowed = complaint.pass();
    if (!swallowed) return;
    base::log(
        base::log_level::error, lost > 0 ? "the viewer cannot store spans" : "the viewer's store has a problem",
        {{"reason", problem.what()}, {"spans_lost", std::to_string(lost)}, {"swallowed", std::to_string(*swallowed)}});
  } catch (const std::bad_alloc&) {
    // It is counted, at least.
  }
}

void viewer::state::close() {
  closing = true;
  pages.stop();
  tail.close();
  age_timer.cancel();
  batch_timer.cancel();
}

viewer::viewer(settings wanted, const base::clock& clock) : state_(std::make_unique<state>(std::move(wanted), clock)) {
  state_->evict_by_age();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

viewer::~viewer() {
  boost::asio::post(state_->context, [state = state_.get()] { state->close(); });
  std::promise<void> finished;
  const std::future<void> done = finished.get_future();
  std::thread watch([&] {
    if (done.wait_for(closing_time) == std::future_status::timeout) state_->context.stop();
  });
  state_->thread.join();
  finished.set_value();
  watch.join();
}

std::size_t viewer::add(std::vector<span> spans) {
  const std::lock_guard lock(state_->mutex);
  std::size_t dropped = 0;
  for (span& item : spans) {
    const std::size_t size = approximate_size(item);
    if (state_->queued_bytes + size > max_queued_bytes) {
      ++dropped;
      continue;
    }
    state_->queue.push_back(std::move(item));
    state_->queued_bytes += size;
  }
  state_->refused += dropped;
  if (!state_->scheduled && !state_->queue.empty()) {
    boost::asio::post(state_->context, [state = state_.get()] { state->start_batch(); });
    state_->scheduled = true;
  }
  return dropped;
}

std::uint16_t viewer::port() const { return state_->pages.port(); }
std::string viewer::authority() const { return state_->pages.authority(); }

}  // namespace sidespan::viewer
