// SPDX-License-Identifier: Apache-2.0
#include "otlp/grpc_exporter.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "base/version.hpp"
#include "collect/worker.hpp"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/identity.hpp"
#include "support/must_end.hpp"
#include "unit/otlp/fake_collector.hpp"
#include "unit/otlp/records.hpp"
#include "unit/otlp/retry_info.hpp"

namespace sidespan::otlp {
namespace {

using namespace std::chrono_literals;
using collect::export_outcome;
using kind = enum export_outcome::kind;
using steady = std::chrono::steady_clock;
using test::fake_collector;
using test::record_of;
using test::reply;

exporter_settings to(const std::string& endpoint) {
  exporter_settings out;
  out.endpoint = endpoint;
  return out;
}

std::unique_ptr<collect::exporter> make(const exporter_settings& settings) {
  resource_settings resource;
  resource.service = "cart";
  return make_grpc_exporter(settings, resource);
}

export_outcome send(collect::exporter& with, std::chrono::milliseconds within = 10s, std::size_t spans = 1) {
  with.start(7, test::parcel_of(spans), steady::now() + within);
  const support::must_end soon(20s);
  const auto ended = with.wait(steady::time_point::max());
  REQUIRE(ended.has_value());
  CHECK(ended->number == 7);
  return ended->outcome;
}

reply failure(grpc::StatusCode code, const std::string& details = "") {
  return {grpc::Status(code, "no", details), "", false};
}

std::string partial_success(std::int64_t rejected) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse out;
  out.mutable_partial_success()->set_rejected_spans(rejected);
  out.mutable_partial_success()->set_error_message("some");
  return out.SerializeAsString();
}

TEST_CASE("grpc exporter: sends what the collector can read, to the right method (OT-1)") {
  fake_collector far;
  const auto subject = make(to(far.endpoint()));
  CHECK(send(*subject, 10s, 3).kind == kind::accepted);
  const auto calls = far.calls();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  REQUIRE(request.ParseFromString(calls[0].body));
  CHECK(request.resource_spans(0).scope_spans(0).spans_size() == 3);
  const auto& attributes = request.resource_spans(0).resource().attributes();
  CHECK(std::any_of(attributes.begin(), attributes.end(),
                    [](const auto& one) { return one.value().string_value() == "cart"; }));
}

TEST_CASE("grpc exporter: metadata and user agent") {
  fake_collector far;
  exporter_settings settings = to(far.endpoint());
  settings.headers = {{"X-Api-Key", "secret"}, {"x-tenant", "a, b"}};
  CHECK(send(*make(settings)).kind == kind::accepted);
  const auto metadata = far.calls().at(0).metadata;
  CHECK(metadata.find("x-api-key")->second == "secret");
  CHECK(metadata.find("x-tenant")->second == "a, b");
  CHECK(metadata.find("user-agent")->second.find("sidespan/" + std::string(base::version()) + " ") == 0);
}

TEST_CASE("grpc exporter: gzip when asked for and only then") {
  fake_collector plain_only(0, false);
  exporter_settings settings = to(plain_only.endpoint());
  CHECK(send(*make(settings)).kind == kind::accepted);
  settings.gzip = true;
  CHECK(send(*make(settings)).reason == "unimplemented");  // a receiver that knows no gzip notices it
  fake_collector far;
  settings.endpoint = far.endpoint();
  CHECK(send(*make(settings), 10s, 50).kind == kind::accepted);
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  REQUIRE(request.ParseFromString(far.calls().at(0).body));
  CHECK(request.resource_spans(0).scope_spans(0).spans_size() == 50);
}

TEST_CASE("grpc exporter: statuses of a real server (specs 4.2)") {
  struct row {
    reply answer;
    kind expected;
    const char* reason;
  };
  const std::string info = test::status_with_retry_info(8, 7, 0);
  const row one = GENERATE_COPY(row{failure(grpc::UNAVAILABLE), kind::retry, "unavailable"},
                                row{failure(grpc::RESOURCE_EXHAUSTED), kind::rejected, "resource_exhausted"},
                                row{failure(grpc::RESOURCE_EXHAUSTED, info), kind::retry, "resource_exhausted"},
                                row{failure(grpc::UNAUTHENTICATED), kind::rejected, "unauthenticated"},
                                row{failure(grpc::DEADLINE_EXCEEDED), kind::retry, "deadline_exceeded"});
  fake_collector far;
  far.answer(one.answer);
  const auto subject = make(to(far.endpoint()));
  const export_outcome outcome = send(*subject);
  CHECK(outcome.kind == one.expected);
  CHECK(outcome.reason == one.reason);
  CHECK(outcome.retry_after.has_value() == !one.answer.status.error_details().empty());
  CHECK(far.calls().size() == 1);  // the channel does not retry by itself (decision 7)
  CHECK(send(*subject).kind == kind::accepted);
}

TEST_CASE("grpc exporter: partial success is read") {
  fake_collector far;
  far.answer({grpc::Status::OK, partial_success(2), false});
  const export_outcome outcome = send(*make(to(far.endpoint())), 10s, 5);
  CHECK(outcome.kind == kind::accepted);
  CHECK(outcome.refused == 2);
  CHECK(outcome.message == "some");
}

TEST_CASE("grpc exporter: a response over 4 MiB is not retried (OT-8)") {
  fake_collector far;
  far.answer({grpc::Status::OK, std::string(5 * 1024 * 1024, '\0'), false});
  const export_outcome outcome = send(*make(to(far.endpoint())));
  CHECK(outcome.kind == kind::rejected);
  CHECK(outcome.reason == "resource_exhausted");
}

TEST_CASE("grpc exporter: a collector that hangs costs the deadline and no more, and then has another chance") {
  fake_collector far;
  far.answer({grpc::Status::OK, "", true});
  const auto subject = make(to(far.endpoint()));
  const auto before = steady::now();
  const export_outcome outcome = send(*subject, 1s);
  REQUIRE(far.wait_for_calls(1));
  CHECK(outcome.kind == kind::retry);
  CHECK(outcome.reason == "deadline_exceeded");
  CHECK(steady::now() - before >= 999ms);
  CHECK(steady::now() - before < 5s);
  CHECK(send(*subject).kind == kind::accepted);
}

TEST_CASE("grpc exporter: the configured timeout ends a try, and the next goes over a new connection") {
  fake_collector far;
  far.answer({grpc::Status::OK, "", true});
  exporter_settings settings = to(far.endpoint());
  settings.timeout = 1500ms;
  const auto subject = make(settings);
  const auto before = steady::now();
  CHECK(send(*subject, 1h).reason == "deadline_exceeded");
  REQUIRE(far.wait_for_calls(1));
  CHECK(steady::now() - before < 5s);
  CHECK(send(*subject).kind == kind::accepted);
}

TEST_CASE("grpc exporter: cancel ends a running send from another thread") {
  fake_collector far;
  far.answer({grpc::Status::OK, "", true});
  const auto subject = make(to(far.endpoint()));
  std::thread canceller([&] {
    far.wait_for_calls(1);
    subject->cancel();
  });
  const auto before = steady::now();
  const export_outcome outcome = send(*subject, 1h);
  canceller.join();
  CHECK(outcome.reason == "cancelled");
  CHECK(outcome.kind == kind::retry);
  CHECK(steady::now() - before < 5s);
}

TEST_CASE("grpc exporter: two calls at once, and the second ends first") {
  fake_collector far;
  far.answer({grpc::Status::OK, "", true});
  const auto subject = make(to(far.endpoint()));
  subject->start(0, test::parcel_of(1), steady::now() + 1h);
  REQUIRE(far.wait_for_calls(1));
  subject->start(1, test::parcel_of(1), steady::now() + 10s);
  auto ended = subject->wait(steady::time_point::max());
  REQUIRE(ended.has_value());
  CHECK(ended->number == 1);
  CHECK(ended->outcome.kind == kind::accepted);
  CHECK_FALSE(subject->wait(steady::now() + 1ms).has_value());  // the first hangs
  subject->cancel();
  ended = subject->wait(steady::time_point::max());
  REQUIRE(ended.has_value());
  CHECK(ended->number == 0);
  CHECK(ended->outcome.reason == "cancelled");
}

TEST_CASE("grpc exporter: two calls that time out together, and the next ones go over a new connection") {
  fake_collector far;
  far.answer({grpc::Status::OK, "", true});
  far.answer({grpc::Status::OK, "", true});
  exporter_settings settings = to(far.endpoint());
  settings.timeout = 1500ms;
  const auto subject = make(settings);
  for (std::size_t i = 0; i < 2; ++i) subject->start(i, test::parcel_of(1), steady::now() + 1h);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto ended = subject->wait(steady::time_point::max());
    REQUIRE(ended.has_value());
    CHECK(ended->outcome.reason == "deadline_exceeded");
  }
  for (int i = 0; i < 2; ++i) CHECK(send(*subject).kind == kind::accepted);
  const auto calls = far.calls();
  REQUIRE(calls.size() == 4);
  CHECK(calls[0].peer == calls[1].peer);
  CHECK(calls[2].peer != calls[0].peer);
  CHECK(calls[3].peer == calls[2].peer);
}

TEST_CASE(
    "grpc exporter: of two calls that time out together the second does not cut off what the first made room for") {
  fake_collector far;
  for (int i = 0; i < 2; ++i) far.answer({grpc::Status::OK, "", true});
  exporter_settings settings = to(far.endpoint());
  settings.timeout = 1500ms;
  const auto subject = make(settings);
  for (std::size_t i = 0; i < 2; ++i) subject->start(i, test::parcel_of(1), steady::now() + 1h);
  REQUIRE(far.wait_for_calls(2));
  for (int i = 0; i < 3; ++i) {
    const auto ended = subject->wait(steady::time_point::max());
    REQUIRE(ended.has_value());
    CHECK(ended->outcome.reason == (ended->number == 2 ? "" : "deadline_exceeded"));
    // Over the new connection, while the other call of the old one ends or has ended.
    if (i == 0) subject->start(2, test::parcel_of(1), steady::now() + 1h);
  }
  CHECK(send(*subject).kind == kind::accepted);
  const auto calls = far.calls();
  REQUIRE(calls.size() == 4);
  CHECK(calls[2].peer != calls[1].peer);
  CHECK(calls[3].peer == calls[2].peer);
}

TEST_CASE("grpc exporter: its end with calls under way is prompt") {
  fake_collector far;
  for (int i = 0; i < 2; ++i) far.answer({grpc::Status::OK, "", true});
  const auto before = steady::now();
  {
    const auto subject = make(to(far.endpoint()));
    for (std::size_t i = 0; i < 2; ++i) subject->start(i, test::parcel_of(1), steady::now() + 1h);
    REQUIRE(far.wait_for_calls(2));
  }
  CHECK(steady::now() - before < 5s);
}

TEST_CASE("grpc exporter: nobody listens, then somebody does") {
  int port = 0;
  {
    fake_collector gone;
    port = gone.port();
  }
  const auto subject = make(to("http://127.0.0.1:" + std::to_string(port)));
  for (int i = 0; i < 3; ++i) {
    const export_outcome outcome = send(*subject);
    CHECK(outcome.kind == kind::retry);
    CHECK(outcome.reason == "unavailable");
    CHECK(outcome.message.find("onnect") != std::string::npos);  // says that it could not connect
  }
  fake_collector back(port);
  REQUIRE(back.port() == port);
  CHECK(send(*subject).kind == kind::accepted);  // at the first try after its return, whatever the channel's back-off
}

TEST_CASE("grpc exporter: a collector that dies and comes back on the same port") {
  auto far = std::make_unique<fake_collector>();
  const int port = far->port();
  const auto subject = make(to(far->endpoint()));
  CHECK(send(*subject).kind == kind::accepted);
  far.reset();
  CHECK(send(*subject).kind == kind::retry);
  far = std::make_unique<fake_collector>(port);
  CHECK(send(*subject).kind == kind::accepted);
}

TEST_CASE("grpc exporter: settings that cannot work are refused at once") {
  exporter_settings settings = to("http://127.0.0.1:1");
  settings.headers = {{"trace-bin", "x"}};
  CHECK_THROWS_WITH(make(settings), Catch::Contains("trace-bin"));
  CHECK_THROWS(make(to("127.0.0.1:1")));
}

TEST_CASE("grpc exporter: with the worker, an outage loses nothing and the books say so") {
  auto far = std::make_unique<fake_collector>();
  const int port = far->port();
  collect::settings settings;
  settings.delay = 1ms;
  settings.retry_initial = 1ms;
  settings.retry_max = 5ms;
  collect::worker worker(settings, make(to(far->endpoint())), 1);
  worker.start();
  worker.intake(0).offer(std::move(*record_of()));
  REQUIRE(far->wait_for_calls(1));
  far->answer(failure(grpc::UNAVAILABLE));
  for (int i = 0; i < 20; ++i) worker.intake(0).offer(std::move(*record_of()));
  REQUIRE(far->wait_for_calls(2));
  far.reset();
  for (int i = 0; i < 20; ++i) worker.intake(0).offer(std::move(*record_of()));
  far = std::make_unique<fake_collector>(port);
  worker.stop(steady::now() + 10s);
  const collect::books b = worker.read_books();
  CHECK(b.recorded == 41);
  CHECK(b.acknowledged == 41);
  CHECK(b.lost.empty());
}

}  // namespace
}  // namespace sidespan::otlp
