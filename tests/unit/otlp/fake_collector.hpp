// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server on loopback that answers Export calls as a test says: with a status, a response, or not at all.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sidespan::otlp::test {

struct reply {
  grpc::Status status = grpc::Status::OK;
  std::string response;
  bool never = false;
};

struct received {
  std::string method;
  std::string peer;  // another for every connection
  std::string body;
  std::multimap<std::string, std::string> metadata;
};

class fake_collector final : public grpc::CallbackGenericService {
 public:
  /// port 0: any. `gzip`: whether it understands that.
  explicit fake_collector(int port = 0, bool gzip = true) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, gzip);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~fake_collector() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// The next calls in turn are answered so; later ones with full success.
  void answer(reply next) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(next));
  }
  std::vector<received> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  bool wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this, count] { return calls_.size() >= count; });
  }

 private:
  class call;

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  reply take(received came) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(came));
    changed_.notify_all();
    if (replies_.empty()) return {};
    reply out = replies_.front();
    replies_.pop_front();
    return out;
  }

  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<reply> replies_;
  std::vector<received> calls_;
  std::unique_ptr<grpc::Server> server_;
};

class fake_collector::call final : public grpc::ServerGenericBidiReactor {
 public:
  call(fake_collector& owner, grpc::GenericCallbackServerContext& context) : owner_(owner) {
    came_.method = context.method();
    came_.peer = context.peer();
    for (const auto& [name, value] : context.client_metadata()) {
      came_.metadata.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    StartRead(&message_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return finish(grpc::Status(grpc::StatusCode::INTERNAL, "no message"));
    grpc::Slice slice;
    if (message_.DumpToSingleSlice(&slice).ok()) came_.body.assign(slice.begin(), slice.end());
    const reply out = owner_.take(std::move(came_));
    if (out.never) return;
    if (!out.status.ok()) return finish(out.status);
    const grpc::Slice response(out.response);
    message_ = grpc::ByteBuffer(&response, 1);
    StartWriteAndFinish(&message_, {}, grpc::Status::OK);
  }
  void OnCancel() override { finish(grpc::Status(grpc::StatusCode::CANCELLED, "")); }
  void OnDone() override { delete this; }

 private:
  void finish(const grpc::Status& status) {
    if (!std::exchange(finished_, true)) Finish(status);
  }

  fake_collector& owner_;
  received came_;
  grpc::ByteBuffer message_;
  bool finished_ = false;
};

inline grpc::ServerGenericBidiReactor* fake_collector::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new call(*this, *context);
}

}  // namespace sidespan::otlp::test
