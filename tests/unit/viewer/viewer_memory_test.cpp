// SPDX-License-Identifier: Apache-2.0
//
// The viewer when there is no memory to take spans from its queue. This file replaces operator new of the whole test
// program; only large pieces on a thread that was marked are refused, while a test says so. Not under the sanitizers,
// which bring an operator new of their own for some of its forms.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <thread>

#include "unit/viewer/page_client.hpp"
#include "unit/viewer/sample.hpp"
#include "viewer/viewer.hpp"

namespace {

constexpr std::size_t large = 256 * 1024;
thread_local bool marked = false;
std::atomic<bool> refusing{false};
std::atomic<bool> refusing_all{false};

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (marked && (refusing_all.load() || (size >= large && refusing.load()))) throw std::bad_alloc();
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sidespan::viewer::test {
namespace {

/// Asked by the viewer's thread whenever it has stored something: marks it.
class marking_clock final : public base::clock {
 public:
  base::steady_time steady() const noexcept override { return system_.steady(); }
  base::wall_time wall() const noexcept override {
    marked = std::this_thread::get_id() != maker_;
    if (marked) ++asked;
    return system_.wall();
  }
  mutable std::atomic<int> asked{0};  // by that thread

 private:
  const base::system_clock system_;
  const std::thread::id maker_ = std::this_thread::get_id();
};

std::vector<span> many(unsigned trace) {
  std::vector<span> out;
  for (unsigned i = 1; i <= 2000; ++i) out.push_back(sample(trace, i, 0, "GET /"));
  return out;
}

nlohmann::json stats_when(std::uint16_t port, const char* member, std::uint64_t count) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  nlohmann::json stats = fetch(port, "/api/stats");
  while (stats[member] != count && std::chrono::steady_clock::now() < end) stats = fetch(port, "/api/stats");
  return stats;
}

TEST_CASE("viewer: spans that there is no memory for are counted as dropped, and the next are stored") {
  static_assert(2000 * sizeof(span) >= large);
  const marking_clock clock;
  viewer shown(quick(), clock);
  shown.add(std::vector{sample(1, 1, 0, "GET /")});
  REQUIRE(stats_when(shown.port(), "spans", 1)["spans"] == 1);
  refusing = true;
  shown.add(many(2));
  const nlohmann::json stats = stats_when(shown.port(), "dropped_spans", 2000);
  refusing = false;
  CHECK(stats["dropped_spans"] == 2000);
  CHECK(stats["spans"] == 1);
  CHECK(stats.contains("problem"));
  shown.add(many(3));
  const nlohmann::json after = stats_when(shown.port(), "spans", 2001);
  CHECK(after["spans"] == 2001);
  CHECK(after["dropped_spans"] == 2000);
}

TEST_CASE("viewer: it goes on looking for old traces when there was no memory for a moment") {
  const marking_clock clock;
  settings tidy = quick();
  tidy.housekeeping = std::chrono::milliseconds(1);
  viewer shown(tidy, clock);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  const auto looks = [&](int more) {
    const int before = clock.asked.load();
    while (clock.asked.load() < before + more && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return clock.asked.load() >= before + more;
  };
  shown.add(std::vector{sample(1, 1, 0, "GET /")});
  REQUIRE(looks(3));
  refusing_all = true;
  const bool without_memory = looks(3);
  refusing_all = false;
  CHECK(without_memory);
  CHECK(looks(3));
}

}  // namespace
}  // namespace sidespan::viewer::test
#endif
