// SPDX-License-Identifier: Apache-2.0
#include "collect/queue.hpp"

#include <algorithm>
#include <new>

#include "base/protobuf.hpp"

namespace sidespan::collect {

namespace {

/// False: there is no memory for it.
bool room_for_one_more(std::vector<piece>& pieces) noexcept {
  if (pieces.size() < pieces.capacity()) return true;
  try {
    pieces.reserve(std::max<std::size_t>(2 * pieces.size(), 4));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace

queue::queue(std::size_t max_spans, std::size_t max_bytes)
    : max_spans_(std::max<std::size_t>(max_spans, 1)),
      max_bytes_(max_bytes),
      pool_(std::make_shared<chunk_pool>()),
      writing_(pool_->take(chunk_pool::usual_capacity)),
      reading_(writing_) {
  if (writing_ == nullptr) throw std::bad_alloc();
}

queue::~queue() {
  for (chunk* each = reading_; each != nullptr;) {
    chunk* next = each->next.load(std::memory_order_acquire);
    each->let_go();
    each = next;
  }
}

queue::extent queue::published(const chunk& in) noexcept {
  const std::uint64_t both = in.filled.load(std::memory_order_acquire);
  return {static_cast<std::uint32_t>(both >> 32), static_cast<std::uint32_t>(both)};
}

bool queue::push(const trace::record& finished) noexcept {
  const std::uint64_t position = pushed_.load(std::memory_order_relaxed);
  const std::uint64_t bytes = pushed_bytes_.load(std::memory_order_relaxed);
  const std::size_t message = finished.message_size();
  const std::size_t size = trace::record::encoded_size(message);
  if (full(position, bytes, size)) {
    taken_seen_ = taken();
    taken_bytes_seen_ = taken_bytes();
    if (full(position, bytes, size)) return false;
  }
  if (size > writing_->capacity - written_.bytes && !go_on(size)) return false;
  finished.encode(writing_->bytes() + written_.bytes, message);
  written_.bytes += static_cast<std::uint32_t>(size);
  ++written_.spans;
  writing_->filled.store(std::uint64_t{written_.spans} << 32 | written_.bytes, std::memory_order_release);
  pushed_bytes_.store(bytes + size, std::memory_order_release);
  pushed_.store(position + 1, std::memory_order_seq_cst);
  return true;
}

bool queue::full(std::uint64_t position, std::uint64_t bytes, std::size_t size) noexcept {
  if (position == taken_seen_) return false;
  return position - taken_seen_ >= max_spans_ || bytes - taken_bytes_seen_ + size > max_bytes_;
}

/// The next chunk is linked before the first span in it is published.
bool queue::go_on(std::size_t size) noexcept {
  chunk* next = pool_->take(size);
  if (next == nullptr) return false;
  writing_->next.store(next, std::memory_order_release);
  writing_ = next;
  written_ = {};
  return true;
}

void queue::take(parcel& out, std::uint64_t most_spans, std::size_t most_bytes) noexcept {
  const std::uint64_t before = taken_.load(std::memory_order_relaxed);
  // Never past what pushed() says: who waits counts by it.
  const std::uint64_t end = before + std::min(most_spans - std::min(most_spans, out.spans), pushed() - before);
  std::uint64_t position = before;
  std::uint64_t bytes = 0;
  while (position != end) {
    const extent to = published(*reading_);
    if (read_.spans == to.spans) {
      chunk* used_up = reading_;
      reading_ = used_up->next.load(std::memory_order_acquire);
      read_ = {};
      used_up->let_go();
      continue;
    }
    const std::size_t room = most_bytes - std::min(most_bytes, out.bytes);
    const extent until = cut(read_, to, end - position, room);
    if (until.spans == read_.spans || !room_for_one_more(out.pieces)) break;
    out.pieces.emplace_back(reading_, read_.bytes, until.bytes - read_.bytes);
    out.spans += until.spans - read_.spans;
    out.bytes += until.bytes - read_.bytes;
    position += until.spans - read_.spans;
    bytes += until.bytes - read_.bytes;
    read_ = until;
  }
  taken_bytes_.store(taken_bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
  taken_.store(position, std::memory_order_release);
}

/// How far from `from` toward `to` so many spans and bytes reach.
queue::extent queue::cut(extent from, extent to, std::uint64_t spans, std::size_t bytes) const noexcept {
  if (to.spans - from.spans <= spans && to.bytes - from.bytes <= bytes) return to;
  const auto* memory = reinterpret_cast<const char*>(reading_->bytes());
  std::string_view rest(memory + from.bytes, to.bytes - from.bytes);
  extent out = from;
  for (; spans > 0; --spans) {
    base::protobuf::next_field(rest);
    const std::uint32_t end = to.bytes - static_cast<std::uint32_t>(rest.size());
    if (end - from.bytes > bytes) break;
    out = {out.spans + 1, end};
  }
  return out;
}

}  // namespace sidespan::collect
