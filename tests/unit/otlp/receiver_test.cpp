// SPDX-License-Identifier: Apache-2.0
#include "otlp/receiver.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <new>
#include <utility>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/grpc_exporter.hpp"
#include "support/must_end.hpp"
#include "unit/otlp/records.hpp"

namespace sidespan::otlp {
namespace {

using namespace std::chrono_literals;
namespace pb = opentelemetry::proto::collector::trace::v1;
constexpr const char* export_method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

class fixture {
 public:
  receiver& subject() { return receiver_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(receiver_.port()); }
  void refuse_memory_once() {
    const std::lock_guard lock(mutex_);
    no_memory_once_ = true;
  }
  std::vector<pb::ExportTraceServiceRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  struct answer {
    grpc::Status status;
    std::string body;
  };
  answer call(const char* method, const std::string& body) {
    grpc::GenericStub stub(grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    const grpc::Slice slice(body);
    grpc::CompletionQueue queue;
    auto reader = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
    grpc::ByteBuffer response;
    answer out;
    reader->StartCall();
    reader->Finish(&response, &out.status, &out);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    grpc::Slice bytes;
    if (response.Valid() && response.DumpToSingleSlice(&bytes).ok()) out.body.assign(bytes.begin(), bytes.end());
    return out;
  }

 private:
  static receiver_settings anywhere() {
    receiver_settings out;
    out.listen = "127.0.0.1:0";
    return out;
  }

  std::mutex mutex_;
  bool no_memory_once_ = false;
  std::vector<pb::ExportTraceServiceRequest> requests_;
  receiver receiver_{anywhere(), [this](const pb::ExportTraceServiceRequest& request) {
                       const std::lock_guard lock(mutex_);
                       if (std::exchange(no_memory_once_, false)) throw std::bad_alloc();
                       requests_.push_back(request);
                     }};
};

TEST_CASE("receiver: takes what our exporter sends, plain and gzip") {
  const bool gzip = GENERATE(false, true);
  fixture f;
  exporter_settings settings;
  settings.endpoint = "http://" + f.address();
  settings.gzip = gzip;
  const auto exporter = make_grpc_exporter(settings, {});
  exporter->start(0, test::parcel_of(200), std::chrono::steady_clock::now() + 10s);
  const auto ended = exporter->wait(std::chrono::steady_clock::time_point::max());
  REQUIRE(ended.has_value());
  const auto& outcome = ended->outcome;
  CHECK(outcome.kind == collect::export_outcome::kind::accepted);
  CHECK(outcome.refused == 0);
  REQUIRE(f.requests().size() == 1);
  CHECK(f.requests()[0].resource_spans(0).scope_spans(0).spans_size() == 200);
}

TEST_CASE("receiver: full success is a response without partial_success (OT-4)") {
  fixture f;
  const auto out = f.call(export_method, "");  // an empty request is accepted (OT-6)
  CHECK(out.status.ok());
  pb::ExportTraceServiceResponse response;
  REQUIRE(response.ParseFromString(out.body));
  CHECK_FALSE(response.has_partial_success());
  CHECK(f.requests().size() == 1);
}

TEST_CASE("receiver: bytes that are no request are an invalid argument") {
  fixture f;
  const auto out = f.call(export_method, "\x0a\x7f nonsense");
  CHECK(out.status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(f.requests().empty());
}

TEST_CASE("receiver: spans that there is no memory for may be sent again") {
  const support::must_end soon(20s);
  fixture f;
  f.refuse_memory_once();
  CHECK(f.call(export_method, "").status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(f.requests().empty());
  CHECK(f.call(export_method, "").status.ok());
  CHECK(f.requests().size() == 1);
}

TEST_CASE("receiver: other methods are unimplemented") {
  fixture f;
  for (const char* method : {"/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                             "/opentelemetry.proto.collector.trace.v1.TraceService/Other", "/x"}) {
    CHECK(f.call(method, "").status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  }
  CHECK(f.requests().empty());
}

TEST_CASE("receiver: ids of a wrong length come through as they are") {
  fixture f;
  pb::ExportTraceServiceRequest request;
  request.add_resource_spans()->add_scope_spans()->add_spans()->set_trace_id("short");
  CHECK(f.call(export_method, request.SerializeAsString()).status.ok());
  REQUIRE(f.requests().size() == 1);
  CHECK(f.requests()[0].resource_spans(0).scope_spans(0).spans(0).trace_id() == "short");
}

TEST_CASE("receiver: takes more than gRPC's usual 4 MiB, up to 64 (OT-8)") {
  fixture f;
  pb::ExportTraceServiceRequest request;
  auto* span = request.add_resource_spans()->add_scope_spans()->add_spans();
  span->set_name(std::string(5 * 1024 * 1024, 'x'));
  CHECK(f.call(export_method, request.SerializeAsString()).status.ok());
  span->set_name(std::string(65 * 1024 * 1024, 'x'));
  CHECK(f.call(export_method, request.SerializeAsString()).status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(f.requests().size() == 1);
}

TEST_CASE("receiver: a port that is taken is refused by name") {
  fixture f;
  receiver_settings taken;
  taken.listen = f.address();
  CHECK_THROWS_WITH(receiver(taken, [](const auto&) {}), Catch::Contains(f.address()));
}

}  // namespace
}  // namespace sidespan::otlp
