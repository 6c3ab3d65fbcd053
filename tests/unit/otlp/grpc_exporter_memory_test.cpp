// SPDX-License-Identifier: Apache-2.0
//
// The exporter when there is no memory for a call. This file replaces operator new of the whole test program; only a
// large piece on a thread that asked for it is refused. Not under the sanitizers, which bring an operator new of their
// own for some of its forms.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "otlp/grpc_exporter.hpp"
#include "support/must_end.hpp"
#include "unit/otlp/fake_collector.hpp"
#include "unit/otlp/records.hpp"

namespace {

constexpr std::size_t large = 256 * 1024;
thread_local bool refuse_large = false;

}  // namespace

void* operator new(std::size_t size) {
  if (refuse_large && size >= large) throw std::bad_alloc();
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sidespan::otlp {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// Of so many pieces that what the exporter keeps for each takes a large piece of memory.
collect::parcel in_many_pieces() {
  collect::parcel out = test::parcel_of(1);
  collect::chunk& from = out.pieces.front().owner();
  while (out.pieces.size() * sizeof(void*) < large) out.pieces.emplace_back(&from, 0, 0);
  return out;
}

TEST_CASE("grpc exporter: a call that could not be started is not waited for") {
  const support::must_end soon(20s);
  test::fake_collector far;
  exporter_settings settings;
  settings.endpoint = far.endpoint();
  auto subject = make_grpc_exporter(settings, {});
  const collect::parcel spans = in_many_pieces();
  refuse_large = true;
  CHECK_THROWS_AS(subject->start(1, spans, steady::now() + 1h), std::bad_alloc);
  refuse_large = false;
  SECTION("by its end") {
    const auto before = steady::now();
    subject.reset();
    CHECK(steady::now() - before < 5s);
    CHECK(far.calls().empty());
  }
  SECTION("by the next call") {
    subject->start(2, test::parcel_of(1), steady::now() + 10s);
    const auto ended = subject->wait(steady::time_point::max());
    REQUIRE(ended.has_value());
    CHECK(ended->number == 2);
    CHECK(ended->outcome.kind == collect::export_outcome::kind::accepted);
    CHECK(far.calls().size() == 1);
  }
}

std::string field(char number_and_type, const std::string& bytes) {
  std::string out(1, number_and_type);
  for (std::size_t left = bytes.size();; left >>= 7) {
    out += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) return out + bytes;
  }
}

TEST_CASE("grpc exporter: an answer that there is no memory to read settles what it answers") {
  test::fake_collector far;
  test::reply partial;
  partial.response = field(0x0a, field(0x12, std::string(2 * large, 'x')));  // partial_success.error_message
  far.answer(partial);
  exporter_settings settings;
  settings.endpoint = far.endpoint();
  auto subject = make_grpc_exporter(settings, {});
  subject->start(1, test::parcel_of(1), steady::now() + 10s);
  refuse_large = true;
  const auto ended = subject->wait(steady::time_point::max());
  refuse_large = false;
  REQUIRE(ended.has_value());
  CHECK(ended->number == 1);
  CHECK(ended->outcome.kind == collect::export_outcome::kind::accepted);  // it has been taken: not again
  CHECK(ended->outcome.message.empty());
}

}  // namespace
}  // namespace sidespan::otlp
#endif
