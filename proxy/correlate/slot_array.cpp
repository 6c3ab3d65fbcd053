// SPDX-License-Identifier: Apache-2.0
//
// Why a reader never sees half of two publications, without fences (which thread sanitizers do not model): every
// payload word is stored with release and loaded with acquire, and the serial is cleared before a slot can be claimed
// again. A reader that met a word of a later publication therefore also sees, when it looks at the serial again, that
// its own is gone.
#include "correlate/slot_array.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <new>

namespace sidespan::correlate {
namespace {

struct shape {
  std::uint64_t flags, remote, id_size, state_size;
};

constexpr std::uint64_t pack(shape s) noexcept {
  return s.flags | s.remote << 8 | s.id_size << 16 | s.state_size << 32;
}
constexpr shape unpack(std::uint64_t word) noexcept {
  return {word & 0xff, word >> 8 & 1, word >> 16 & 0xffff, word >> 32 & 0xffff};
}

// calloc, not new: large blocks come from the kernel as untouched zero pages.
void* zeroed(std::size_t bytes) {
  void* block = std::calloc(1, bytes + 64);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

template <class T>
T* cache_aligned(void* block) noexcept {
  return reinterpret_cast<T*>((reinterpret_cast<std::uintptr_t>(block) + 63) & ~std::uintptr_t{63});
}

}  // namespace

slot_array::slot_array(std::size_t slots)
    : words_((slots + 63) / 64),
      taken_memory_(zeroed(words_ * sizeof(std::uint64_t))),
      tag_memory_(zeroed(words_ * 64 * sizeof(tag))),  // also for those that do not exist: never visible
      payload_memory_(zeroed(slots * sizeof(payload))),
      taken_(cache_aligned<std::uint64_t>(taken_memory_.get())),
      tags_(cache_aligned<tag>(tag_memory_.get())),
      payloads_(cache_aligned<payload>(payload_memory_.get())) {
  if (slots % 64 != 0) taken_[words_ - 1] = ~std::uint64_t{0} << slots % 64;  // taken for ever
}

std::uint64_t slot_array::load(std::uint64_t& word) noexcept {
  return std::atomic_ref(word).load(std::memory_order_acquire);
}

void slot_array::store(std::uint64_t& word, std::uint64_t value) noexcept {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

void slot_array::store_text(std::uint64_t* words, std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, text.size() - at));
    store(words[at / 8], word);
  }
}

void slot_array::load_text(std::uint64_t* words, char* out, std::size_t size) noexcept {
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = load(words[at / 8]);
    std::memcpy(out + at, &word, std::min<std::size_t>(8, size - at));
  }
}

std::uint64_t slot_array::hash_of(std::string_view id) noexcept { return std::hash<std::string_view>{}(id) | 1; }

std::uint32_t slot_array::claim() noexcept {
  for (std::size_t word = 0; word < words_; ++word) {
    std::atomic_ref taken(taken_[word]);
    for (std::uint64_t bits = taken.load(std::memory_order_relaxed); ~bits != 0;) {
      const int bit = std::countr_one(bits);
      const std::uint64_t mask = std::uint64_t{1} << bit;
      bits = taken.fetch_or(mask, std::memory_order_acq_rel);
      if ((bits & mask) == 0) return static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(bit);
    }
  }
  return no_slot;
}

void slot_array::publish(std::uint32_t slot, const publication& value) noexcept {
  payload& p = payloads_[slot];
  const trace::context& context = value.context;
  const bool id_fits = !value.request_id.empty() && value.request_id.size() <= ledger::request_id_capacity;
  const std::string_view id = id_fits ? value.request_id : std::string_view{};
  // Half a tracestate would be a lie about who took part; none is allowed (W3C Trace Context §3.3.1.5).
  const bool state_fits = context.state.size() <= ledger::state_capacity;
  const std::string_view state = state_fits ? std::string_view(context.state) : std::string_view{};
  const auto trace = std::bit_cast<std::array<std::uint64_t, 2>>(context.trace.bytes);
  store(p.trace[0], trace[0]);
  store(p.trace[1], trace[1]);
  store(p.span, std::bit_cast<std::uint64_t>(context.span.bytes));
  store(p.since, static_cast<std::uint64_t>(value.since.ns));
  store(p.shape, pack({static_cast<std::uint8_t>(context.flags), context.remote, id.size(), state.size()}));
  store_text(p.id, id);
  store_text(p.state, state);
  store(tags_[slot].id_hash, id_fits ? hash_of(id) : 0);
  store(tags_[slot].serial, value.serial);
}

void slot_array::release(std::uint32_t slot) noexcept {
  store(tags_[slot].serial, 0);
  std::atomic_ref(taken_[slot / 64]).fetch_and(~(std::uint64_t{1} << slot % 64), std::memory_order_acq_rel);
}

bool slot_array::read(std::uint32_t slot, std::uint64_t serial, in_flight& out) const {
  payload& p = payloads_[slot];
  const std::array<std::uint64_t, 2> trace{load(p.trace[0]), load(p.trace[1])};
  out.context.trace.bytes = std::bit_cast<std::array<std::uint8_t, 16>>(trace);
  out.context.span.bytes = std::bit_cast<std::array<std::uint8_t, 8>>(load(p.span));
  out.since = base::steady_time{static_cast<std::int64_t>(load(p.since))};
  const shape shape = unpack(load(p.shape));
  out.context.flags = static_cast<trace::flags>(shape.flags);
  out.context.remote = shape.remote != 0;
  out.context.state.resize(shape.state_size);
  load_text(p.state, out.context.state.data(), shape.state_size);
  out.serial = serial;
  return load(tags_[slot].serial) == serial;
}

bool slot_array::has_id(std::uint32_t slot, std::uint64_t serial, std::string_view id,
                        std::uint64_t hash) const noexcept {
  if (load(tags_[slot].id_hash) != hash) return false;
  payload& p = payloads_[slot];
  if (unpack(load(p.shape)).id_size != id.size()) return false;
  char copy[ledger::request_id_capacity];
  load_text(p.id, copy, id.size());
  return std::memcmp(copy, id.data(), id.size()) == 0 && load(tags_[slot].serial) == serial;
}

}  // namespace sidespan::correlate
