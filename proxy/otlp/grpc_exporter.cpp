// SPDX-License-Identifier: Apache-2.0
#include "otlp/grpc_exporter.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "otlp/answer.hpp"
#include "otlp/channel.hpp"
#include "otlp/envelope.hpp"
#include "otlp/grpc_library.hpp"
#include "otlp/patience.hpp"
#include "otlp/resource.hpp"

namespace sidespan::otlp {
namespace {

using collect::export_outcome;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

constexpr const char* method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";  // OT-1

std::string rendered(const resource_settings& settings) {
  base::system_random random;
  return render_resource(resource_attributes(settings, random));
}

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.Valid() || !buffer.DumpToSingleSlice(&slice).ok()) return {};
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

void let_go(void* owner) { static_cast<collect::chunk*>(owner)->let_go(); }

/// The queue's own memory: gRPC keeps it until the bytes are with the kernel, also when the call has ended before that.
grpc::Slice shared(const collect::piece& piece) {
  collect::chunk& owner = piece.owner();
  owner.hold();
  // gRPC does not write to it; its interface is older than const.
  return {const_cast<char*>(piece.bytes().data()), piece.bytes().size(), let_go, &owner};
}

std::chrono::system_clock::time_point wall(steady::time_point time) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(time - steady::now());
}

struct call {
  std::size_t number = 0;
  steady::time_point began;
  milliseconds patience{0};
  std::shared_ptr<grpc::Channel> channel;
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
};

class grpc_exporter final : public collect::exporter {
 public:
  grpc_exporter(const exporter_settings& settings, const resource_settings& resource)
      : address_(settings),
        metadata_(checked_metadata(settings.headers)),
        gzip_(settings.gzip),
        patience_(settings.timeout.count() > 0 ? settings.timeout
                                               : milliseconds(std::chrono::hours(1))),  // 0: no limit
        envelope_(rendered(resource)),
        channel_(address_.make_channel()) {}

  ~grpc_exporter() override {
    cancel();
    while (!calls_.empty()) wait(steady::now() + std::chrono::seconds(1));
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) {
    }
  }

  void start(std::size_t number, const collect::parcel& spans, steady::time_point deadline) override;
  std::optional<collect::ended_call> wait(steady::time_point until) override;
  void cancel() noexcept override;

 private:
  grpc::ByteBuffer request(const collect::parcel& spans) const;
  void wait_for_connection(steady::time_point deadline);
  void prepare(call& one, const grpc::ByteBuffer& request, steady::time_point deadline);
  std::unique_ptr<call> remove(const void* tag);
  export_outcome judged(const call& one);
  export_outcome judged_anyway(const call& one);
  void note(const export_outcome& outcome);

  collector_address address_;
  metadata metadata_;
  bool gzip_;
  patience patience_;
  envelope envelope_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::CompletionQueue queue_;
  bool answers_ = false;  // the last call that ended did so with an answer
  bool lost_ = false;     // said so in the log
  base::throttle refusals_;
  base::throttle warnings_;
  std::atomic<unsigned> cancels_{0};

  std::mutex mutex_;  // guards what follows: cancel() comes from other threads
  std::vector<std::unique_ptr<call>> calls_;
};

grpc::ByteBuffer grpc_exporter::request(const collect::parcel& spans) const {
  std::vector<grpc::Slice> slices;
  slices.reserve(spans.pieces.size() + 2);
  slices.emplace_back(envelope_.front(spans.bytes));
  for (const collect::piece& piece : spans.pieces) slices.push_back(shared(piece));
  slices.emplace_back(envelope_.back());
  return {slices.data(), slices.size()};
}

void grpc_exporter::start(std::size_t number, const collect::parcel& spans, steady::time_point deadline) {
  auto made = std::make_unique<call>();
  call& one = *made;
  one.number = number;
  one.began = steady::now();
  one.patience = patience_.next();
  deadline = std::min(deadline, one.began + one.patience);
  if (!answers_) wait_for_connection(deadline);
  one.channel = channel_;
  prepare(one, request(spans), deadline);
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(made));
  }
  // Nothing fails from here on: a call in the list is waited for.
  one.reader->StartCall();
  one.reader->Finish(&one.response, &one.status, &one);
}

/// gRPC notices a collector that is back only while somebody waits on the channel, and fails calls at once until then.
/// So a try on a broken channel first gives the connection a moment.
void grpc_exporter::wait_for_connection(steady::time_point deadline) {
  grpc_connectivity_state state = channel_->GetState(true);
  if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_IDLE) return;
  const steady::time_point until = std::min(deadline, steady::now() + milliseconds(500));
  grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
  const unsigned before = cancels_.load();
  while (state != GRPC_CHANNEL_READY && steady::now() < until && cancels_.load() == before) {
    channel_->WaitForStateChange(state, wall(std::min(until, steady::now() + milliseconds(50))));
    state = channel_->GetState(true);
  }
}

void grpc_exporter::prepare(call& one, const grpc::ByteBuffer& request, steady::time_point deadline) {
  one.context.set_deadline(wall(deadline));
  if (gzip_) one.context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  for (const auto& [name, value] : metadata_) one.context.AddMetadata(name, value);
  grpc::GenericStub stub(one.channel);
  one.reader = stub.PrepareUnaryCall(&one.context, method, request, &queue_);
}

std::optional<collect::ended_call> grpc_exporter::wait(steady::time_point until) {
  void* tag = nullptr;
  bool ok = false;
  const steady::time_point latest = steady::now() + std::chrono::hours(1);  // gRPC cannot count to max()
  if (queue_.AsyncNext(&tag, &ok, wall(std::min(until, latest))) != grpc::CompletionQueue::GOT_EVENT)
    return std::nullopt;
  const std::unique_ptr<call> over = remove(tag);
  return collect::ended_call{over->number, judged_anyway(*over)};
}

/// Without memory to read the answer, what has been taken is not sent again, and the rest is.
export_outcome grpc_exporter::judged_anyway(const call& one) {
  try {
    export_outcome outcome = judged(one);
    note(outcome);
    return outcome;
  } catch (const std::bad_alloc&) {
    export_outcome later;
    if (!one.status.ok()) later.kind = export_outcome::kind::retry;
    if (!one.status.ok()) later.reason = "no_memory";
    return later;
  }
}

std::unique_ptr<call> grpc_exporter::remove(const void* tag) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(calls_.begin(), calls_.end(), [tag](const auto& one) { return one.get() == tag; });
  std::unique_ptr<call> out = std::move(*found);
  calls_.erase(found);
  return out;
}

export_outcome grpc_exporter::judged(const call& one) {
  const grpc::Status& status = one.status;
  const call_status came{static_cast<int>(status.error_code()), status.error_message(), status.error_details()};
  const export_outcome outcome = judge(came, bytes_of(one.response));
  const auto took = std::chrono::duration_cast<milliseconds>(steady::now() - one.began);
  answers_ = outcome.kind != export_outcome::kind::retry;
  if (answers_) {
    patience_.answered(took);
  } else if (outcome.reason == "deadline_exceeded" && took >= one.patience && one.channel == channel_) {
    patience_.timed_out();
    // The connection may be the trouble (a peer that vanished, a path that swallows packets): the next try has its own.
    channel_ = address_.make_channel();
  }
  return outcome;
}

void grpc_exporter::cancel() noexcept {
  cancels_.fetch_add(1);
  const std::lock_guard lock(mutex_);
  for (const auto& one : calls_) one->context.TryCancel();
}

/// One line when the collector is lost, one when it is back; what it refuses for good is throttled.
void grpc_exporter::note(const export_outcome& outcome) {
  using base::log_level;
  const std::string& to = address_.authority();
  if (outcome.kind == export_outcome::kind::retry) {
    if (std::exchange(lost_, true)) return;
    base::log(log_level::warn, "collector does not take spans, trying again",
              {{"collector", to}, {"reason", outcome.reason}, {"details", outcome.message}});
    return;
  }
  if (std::exchange(lost_, false)) base::log(log_level::info, "collector answers again", {{"collector", to}});
  const bool warning = outcome.reason.empty();
  if (warning && outcome.message.empty()) return;
  const auto swallowed = (warning ? warnings_ : refusals_).pass();
  if (!swallowed) return;
  base::log(log_level::warn, warning ? "collector warns" : "collector refuses spans",  // specs OT-5
            {{"collector", to},
             {"reason", outcome.reason},
             {"refused", warning || outcome.refused > 0 ? std::to_string(outcome.refused) : "all"},
             {"details", outcome.message},
             {"unsaid", std::to_string(*swallowed)}});
}

}  // namespace

std::unique_ptr<collect::exporter> make_grpc_exporter(const exporter_settings& settings,
                                                      const resource_settings& resource) {
  prepare_grpc();
  return std::make_unique<grpc_exporter>(settings, resource);
}

}  // namespace sidespan::otlp
