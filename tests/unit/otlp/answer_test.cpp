// SPDX-License-Identifier: Apache-2.0
#include "otlp/answer.hpp"

#include <catch2/catch.hpp>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "unit/otlp/retry_info.hpp"

namespace sidespan::otlp {
namespace {

using namespace std::chrono_literals;
using kind = enum collect::export_outcome::kind;
using test::status_with_retry_info;

std::string partial_success(std::int64_t rejected, const std::string& message) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse out;
  out.mutable_partial_success()->set_rejected_spans(rejected);
  out.mutable_partial_success()->set_error_message(message);
  return out.SerializeAsString();
}

TEST_CASE("answer: retryable statuses (specs 4.2)") {
  struct row {
    int code;
    const char* name;
    kind plain;
    kind with_retry_info;
  };
  constexpr kind no = kind::rejected;
  constexpr kind yes = kind::retry;
  const row one = GENERATE(
      row{1, "cancelled", yes, yes}, row{2, "unknown", no, no}, row{3, "invalid_argument", no, no},
      row{4, "deadline_exceeded", yes, yes}, row{5, "not_found", no, no}, row{6, "already_exists", no, no},
      row{7, "permission_denied", no, no}, row{8, "resource_exhausted", no, yes}, row{9, "failed_precondition", no, no},
      row{10, "aborted", yes, yes}, row{11, "out_of_range", yes, yes}, row{12, "unimplemented", no, no},
      row{13, "internal", no, no}, row{14, "unavailable", yes, yes}, row{15, "data_loss", yes, yes},
      row{16, "unauthenticated", no, no}, row{17, "unknown", no, no}, row{-1, "unknown", no, no});
  const auto plain = judge({one.code, "why", ""}, "");
  CHECK(plain.kind == one.plain);
  CHECK(plain.reason == one.name);
  CHECK(plain.message == "why");
  CHECK_FALSE(plain.retry_after);
  const auto informed = judge({one.code, "", status_with_retry_info(one.code, 2, 500'000'000)}, "");
  CHECK(informed.kind == one.with_retry_info);
  CHECK(informed.retry_after == (one.with_retry_info == yes ? std::optional(2500ms) : std::nullopt));
}

TEST_CASE("answer: delay of a RetryInfo (OT-23)") {
  struct row {
    std::int64_t seconds;
    std::int32_t nanos;
    std::chrono::milliseconds delay;
  };
  const row one = GENERATE(row{0, 0, 0ms}, row{1, 0, 1s}, row{0, 1, 1ms}, row{0, 250'000'000, 250ms}, row{-3, 0, 0ms},
                           row{0, -5, 0ms}, row{INT64_MAX, 999'999'999, 3601s});
  CHECK(retry_delay(status_with_retry_info(8, one.seconds, one.nanos)) == one.delay);
}

TEST_CASE("answer: a delay of nothing lets us retry by our own back-off (OT-22)") {
  const auto out = judge({8, "", status_with_retry_info(8, 0, 0)}, "");
  CHECK(out.kind == kind::retry);
  CHECK_FALSE(out.retry_after);
}

TEST_CASE("answer: details that are something else or nonsense are no RetryInfo") {
  CHECK_FALSE(retry_delay(""));
  CHECK_FALSE(retry_delay("\xff\xff\xff"));
  CHECK_FALSE(retry_delay(test::status_with_detail(8, "type.googleapis.com/google.rpc.QuotaFailure", "")));
  CHECK_FALSE(retry_delay(test::status_with_detail(8, "type.googleapis.com/google.rpc.RetryInfoX", "")));
  CHECK_FALSE(retry_delay(status_with_retry_info(8, 1, 0).substr(0, 20)));
  CHECK(retry_delay(test::status_with_detail(8, "google.rpc.RetryInfo", "\xff")) == 0ms);
}

TEST_CASE("answer: RetryInfo is found behind other details") {
  const std::string first = test::status_with_detail(8, "type.googleapis.com/google.rpc.DebugInfo", "xyz");
  const std::string both = first + status_with_retry_info(8, 3, 0);
  CHECK(retry_delay(both) == 3s);
}

TEST_CASE("answer: full success") {
  const auto out = judge({0, "", ""}, "");
  CHECK(out.kind == kind::accepted);
  CHECK(out.refused == 0);
  CHECK(out.reason.empty());
  CHECK(out.message.empty());
}

TEST_CASE("answer: partial success says how many and why (OT-5)") {
  const auto out = judge({0, "", ""}, partial_success(3, "too old"));
  CHECK(out.kind == kind::accepted);
  CHECK(out.refused == 3);
  CHECK(out.reason == "partial_success");
  CHECK(out.message == "too old");
}

TEST_CASE("answer: of a field that comes twice the last counts") {
  CHECK(judge({0, "", ""}, partial_success(3, "too old") + partial_success(5, "too new")).refused == 5);
}

TEST_CASE("answer: no span rejected but a message is a warning only (OT-5)") {
  const auto out = judge({0, "", ""}, partial_success(0, "deprecated"));
  CHECK(out.kind == kind::accepted);
  CHECK(out.refused == 0);
  CHECK(out.reason.empty());
  CHECK(out.message == "deprecated");
}

TEST_CASE("answer: a response that makes no sense is a success: the status said so") {
  CHECK(judge({0, "", ""}, "\xff\xff").refused == 0);
  CHECK(judge({0, "", ""}, partial_success(-1, "")).refused == 0);
  CHECK(judge({0, "", ""}, "\x0a\x7f").kind == kind::accepted);
}

}  // namespace
}  // namespace sidespan::otlp
