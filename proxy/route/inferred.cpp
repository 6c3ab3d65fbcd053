// SPDX-License-Identifier: Apache-2.0
#include "route/inferred.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>

namespace sidespan::route {
namespace {

enum class character : std::uint8_t { digit, lower, upper, separator, other };

character class_of(char c) noexcept {
  if (c >= '0' && c <= '9') return character::digit;
  if (c >= 'a' && c <= 'z') return character::lower;
  if (c >= 'A' && c <= 'Z') return character::upper;
  if (c == '.' || c == '-' || c == '_' || c == '~' || c == ':' || c == '$' || c == '!') return character::separator;
  return character::other;
}

bool is_hex_letter(char c) noexcept { return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// What a segment is made of.
class tally {
 public:
  explicit tally(std::string_view segment) noexcept {
    character before = character::separator;
    for (const char c : segment) {
      const character is = class_of(c);
      changes += is != before && is != character::separator && before != character::separator;
      before = is;
      if (is == character::separator) {
        end_piece();
      } else {
        count(is, is_hex_letter(c));
      }
    }
    end_piece();
  }

  std::size_t digits = 0;
  std::size_t letters = 0;
  std::size_t capitals = 0;
  std::size_t changes = 0;    // between digits, lower and upper case
  std::size_t digit_run = 0;  // the longest
  bool hex_run = false;       // between separators: six or more hexadecimal characters, one of them a digit
  bool strange = false;       // percent-encoding, `=`, `@`, bytes beyond ASCII: not what names are made of

 private:
  void count(character is, bool hex_letter) noexcept {
    const bool digit = is == character::digit;
    strange = strange || is == character::other;
    digits += digit;
    capitals += is == character::upper;
    letters += is == character::lower || is == character::upper;
    run_ = digit ? run_ + 1 : 0;
    digit_run = std::max(digit_run, run_);
    hex_ = hex_ && (digit || hex_letter);
    ++piece_;
    piece_digits_ += digit;
  }

  void end_piece() noexcept {
    hex_run = hex_run || (hex_ && piece_ >= 6 && piece_digits_ > 0);
    run_ = piece_ = piece_digits_ = 0;
    hex_ = true;
  }

  std::size_t run_ = 0, piece_ = 0, piece_digits_ = 0;
  bool hex_ = true;
};

/// `v1`, `v2.1`: part of an interface's name.
bool is_version(std::string_view segment) noexcept {
  return segment.size() >= 2 && segment.size() <= 5 && (segment[0] == 'v' || segment[0] == 'V') &&
         class_of(segment[1]) == character::digit;
}

using text_buffer = std::array<char, inferred_routes::deepest * 36 + 8>;

class template_writer {
 public:
  explicit template_writer(text_buffer& out) noexcept : out_(out) {}
  void append(std::string_view text) noexcept {
    std::memcpy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  std::string_view view() const noexcept { return {out_.data(), size_}; }

 private:
  text_buffer& out_;
  std::size_t size_ = 0;
};

constexpr std::size_t longest_name = 31;

/// A literal segment has at most longest_name bytes, so the buffer holds every template.
std::string_view write_template(std::string_view path, text_buffer& buffer) noexcept {
  static_assert(inferred_routes::deepest * (longest_name + 1) + 2 <= text_buffer{}.size());
  template_writer out(buffer);
  for (std::size_t depth = 0; !path.empty(); ++depth) {
    path.remove_prefix(1);  // the slash
    out.append("/");
    if (depth == inferred_routes::deepest) {
      out.append("*");
      break;
    }
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    out.append(looks_like_value(segment) ? std::string_view("{id}") : segment);
  }
  return out.view();
}

}  // namespace

bool looks_like_value(std::string_view segment) noexcept {
  if (segment.size() > longest_name) return true;
  const tally of(segment);
  if (of.strange) return true;
  const bool restless = segment.size() >= 8 && of.changes * 9 >= segment.size() * 4;
  // `getUserById` changes as often as a token does, but words have more small letters.
  if (of.digits == 0) return restless && of.capitals * 3 > segment.size();
  if (of.letters == 0 || of.digit_run >= 3) return true;
  if (is_version(segment)) return false;
  if (of.hex_run) return true;
  if (segment.size() >= 8) return restless || of.digits * 4 >= segment.size();
  return segment.size() >= 4 && of.digits * 3 >= segment.size();
}

inferred_routes::inferred_routes(std::size_t most) : most_(most), places_(std::bit_ceil(2 * most + 1)) {}

std::atomic<const inferred_routes::known*>& inferred_routes::place_of(std::string_view text,
                                                                      std::size_t hash) noexcept {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const known* there = places_[at].load(std::memory_order_acquire);
    if (there == nullptr || (there->hash == hash && there->text == text)) return places_[at];
  }
}

std::string_view inferred_routes::of(std::string_view path) {
  if (!path.starts_with('/')) return {};
  text_buffer buffer;
  const std::string_view text = write_template(path, buffer);
  const std::size_t hash = std::hash<std::string_view>{}(text);
  if (const known* there = place_of(text, hash).load(std::memory_order_acquire)) return there->text;
  if (used_.load(std::memory_order_relaxed) >= most_) return overflow;
  return learn(text, hash);
}

std::string_view inferred_routes::learn(std::string_view text, std::size_t hash) {
  const std::lock_guard lock(learning_);
  auto& place = place_of(text, hash);  // another shard may have been faster
  if (const known* there = place.load(std::memory_order_acquire)) return there->text;
  if (all_.size() >= most_) return overflow;
  all_.push_back(std::make_unique<const known>(known{hash, std::string(text)}));
  place.store(all_.back().get(), std::memory_order_release);
  used_.store(all_.size(), std::memory_order_relaxed);
  return all_.back()->text;
}

}  // namespace sidespan::route
