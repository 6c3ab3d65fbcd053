// SPDX-License-Identifier: Apache-2.0
#include "otlp/receiver.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlp/grpc_library.hpp"

namespace sidespan::otlp {
namespace {

namespace pb = opentelemetry::proto::collector::trace::v1;

constexpr const char* method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr int max_message_bytes = 64 * 1024 * 1024;  // specs OT-8, from the other side

/// An ExportTraceServiceResponse without partial success has no field set, so its bytes are none.
grpc::ByteBuffer full_success() {
  const grpc::Slice none;
  return {&none, 1};
}

bool parse(grpc::ByteBuffer& from, pb::ExportTraceServiceRequest& to) {
  grpc::ProtoBufferReader reader(&from);
  return reader.status().ok() && to.ParseFromZeroCopyStream(&reader);
}

/// One call: reads one message, answers it. Deletes itself when gRPC is done with it.
class export_call final : public grpc::ServerGenericBidiReactor {
 public:
  explicit export_call(const receiver::on_request& callback) : callback_(callback) { StartRead(&message_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "no request"});
    try {
      take();
    } catch (const std::bad_alloc&) {
      // gRPC swallows what is thrown here, and the caller would wait. It may send them again (OTLP §Failures).
      Finish({grpc::StatusCode::UNAVAILABLE, "no memory left"});
    }
  }
  void OnDone() override { delete this; }

 private:
  void take() {
    pb::ExportTraceServiceRequest request;
    if (!parse(message_, request))
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "not an ExportTraceServiceRequest"});
    callback_(request);
    message_ = full_success();
    StartWriteAndFinish(&message_, {}, grpc::Status::OK);
  }

  const receiver::on_request& callback_;
  grpc::ByteBuffer message_;
};

class unknown_call final : public grpc::ServerGenericBidiReactor {
 public:
  unknown_call() { Finish({grpc::StatusCode::UNIMPLEMENTED, "only traces are taken here"}); }
  void OnDone() override { delete this; }
};

class trace_service final : public grpc::CallbackGenericService {
 public:
  explicit trace_service(receiver::on_request callback) : callback_(std::move(callback)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    if (context->method() != method) return new unknown_call;
    return new export_call(callback_);
  }

 private:
  receiver::on_request callback_;
};

}  // namespace

struct receiver::state {
  explicit state(on_request callback) : service(std::move(callback)) {}
  trace_service service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

receiver::receiver(const receiver_settings& settings, on_request callback)
    : state_(std::make_unique<state>(std::move(callback))) {
  prepare_grpc();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(settings.listen, grpc::InsecureServerCredentials(), &state_->port);
  builder.RegisterCallbackGenericService(&state_->service);
  builder.SetMaxReceiveMessageSize(max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two viewers must not share a port by accident
  state_->server = builder.BuildAndStart();
  if (!state_->server || state_->port == 0) throw std::runtime_error("cannot receive spans on " + settings.listen);
}

receiver::~receiver() { state_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(500)); }

int receiver::port() const noexcept { return state_->port; }

}  // namespace sidespan::otlp
