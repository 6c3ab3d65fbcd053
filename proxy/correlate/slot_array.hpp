// SPDX-License-Identifier: Apache-2.0
//
// The slots behind the ledger: fixed storage that one shard writes and any shard reads without waiting. A slot belongs
// to the shard that claimed it until it is released; readers detect a slot that changed hands by its serial number.
// Memory is zero pages until a slot is used, and the lowest free slot is taken first, so little of it ever is.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "correlate/ledger.hpp"

namespace sidespan::correlate {

class slot_array {
 public:
  static constexpr std::uint32_t no_slot = UINT32_MAX;

  /// Throws std::bad_alloc (start-up only).
  explicit slot_array(std::size_t slots);

  /// The lowest free slot, now ours; no_slot when all are taken. Lock-free.
  std::uint32_t claim() noexcept;
  /// Makes a claimed slot visible. `serial` is not 0 and never used twice. Wait-free.
  struct publication {
    const trace::context& context;
    base::steady_time since;
    std::uint64_t serial;
    std::string_view request_id;
  };
  void publish(std::uint32_t slot, const publication& value) noexcept;
  /// Hides the slot from readers, then frees it. Wait-free.
  void release(std::uint32_t slot) noexcept;

  /// Calls visit(slot, serial) for every visible slot, lowest slot first.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t word = 0; word < words_; ++word) {
      for (std::uint64_t bits = load(taken_[word]); bits != 0; bits &= bits - 1) {
        const auto slot = static_cast<std::uint32_t>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
        const std::uint64_t serial = load(tags_[slot].serial);
        if (serial != 0) visit(slot, serial);
      }
    }
  }
  /// Copies a slot; false when publication `serial` has left it meanwhile (`out` is then worthless).
  bool read(std::uint32_t slot, std::uint64_t serial, in_flight& out) const;
  /// True when publication `serial` of this slot carries exactly this id.
  bool has_id(std::uint32_t slot, std::uint64_t serial, std::string_view id, std::uint64_t hash) const noexcept;
  /// Never 0: that stands for "no id".
  static std::uint64_t hash_of(std::string_view id) noexcept;

 private:
  static constexpr std::size_t id_words = ledger::request_id_capacity / 8;
  static constexpr std::size_t state_words = ledger::state_capacity / 8;

  /// Apart from the payload, so that a scan over many slots stays within few cache lines.
  struct tag {
    std::uint64_t serial;  // 0: nothing visible
    std::uint64_t id_hash;
  };
  struct alignas(64) payload {
    std::uint64_t trace[2];
    std::uint64_t span;
    std::uint64_t since;
    std::uint64_t shape;  // flags, remote, size of id, size of state: see pack()
    std::uint64_t id[id_words];
    std::uint64_t state[state_words];
  };
  struct release_memory {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  using memory = std::unique_ptr<void, release_memory>;

  static std::uint64_t load(std::uint64_t& word) noexcept;
  static void store(std::uint64_t& word, std::uint64_t value) noexcept;
  static void store_text(std::uint64_t* words, std::string_view text) noexcept;
  static void load_text(std::uint64_t* words, char* out, std::size_t size) noexcept;

  std::size_t words_;
  memory taken_memory_, tag_memory_, payload_memory_;
  std::uint64_t* taken_;  // one bit a slot
  tag* tags_;
  payload* payloads_;
};

}  // namespace sidespan::correlate
