// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"

namespace sidespan::http {

namespace {

struct known_name {
  std::string_view name;
  field_id id;
};

constexpr std::array known_names{
    known_name{"te", field_id::te},
    known_name{"via", field_id::via},
    known_name{"date", field_id::date},
    known_name{"host", field_id::host},
    known_name{"expect", field_id::expect},
    known_name{"baggage", field_id::baggage},
    known_name{"trailer", field_id::trailer},
    known_name{"upgrade", field_id::upgrade},
    known_name{"forwarded", field_id::forwarded},
    known_name{"connection", field_id::connection},
    known_name{"keep-alive", field_id::keep_alive},
    known_name{"tracestate", field_id::tracestate},
    known_name{"user-agent", field_id::user_agent},
    known_name{"traceparent", field_id::traceparent},
    known_name{"content-type", field_id::content_type},
    known_name{"max-forwards", field_id::max_forwards},
    known_name{"x-request-id", field_id::x_request_id},
    known_name{"content-length", field_id::content_length},
    known_name{"http2-settings", field_id::http2_settings},
    known_name{"x-forwarded-for", field_id::x_forwarded_for},
    known_name{"proxy-connection", field_id::proxy_connection},
    known_name{"x-forwarded-host", field_id::x_forwarded_host},
    known_name{"transfer-encoding", field_id::transfer_encoding},
    known_name{"x-forwarded-proto", field_id::x_forwarded_proto},
    known_name{"proxy-authenticate", field_id::proxy_authenticate},
    known_name{"proxy-authorization", field_id::proxy_authorization},
};

/// Every known name has a place of its own, told by its length, first and last letter: one comparison decides.
struct places {
  static constexpr std::size_t size = 128;
  static constexpr std::uint8_t nobody = 0xff;

  std::array<std::uint8_t, size> index{};
  unsigned factor = 0;

  static constexpr std::size_t of(std::string_view name, unsigned factor) noexcept {
    const auto first = static_cast<unsigned char>(name.front() | 0x20);
    const auto last = static_cast<unsigned char>(name.back() | 0x20);
    return (name.size() * factor + first * 7U + last) % size;
  }

  constexpr bool try_factor(unsigned candidate) noexcept {
    factor = candidate;
    index.fill(nobody);
    for (std::size_t i = 0; i < known_names.size(); ++i) {
      std::uint8_t& place = index[of(known_names[i].name, factor)];
      if (place != nobody) return false;
      place = static_cast<std::uint8_t>(i);
    }
    return true;
  }
};

constexpr places known_places = [] {
  places out;
  for (unsigned factor = 1; factor < 256; ++factor) {
    if (out.try_factor(factor)) return out;
  }
  out.factor = 0;
  return out;
}();
static_assert(known_places.factor != 0, "two known names collide: choose another hash");

std::uint64_t load8(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::uint32_t load4(const char* from) noexcept {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Setting bit 5 folds the case, and in a token it makes nothing else equal to a letter, a digit or a dash, which is
/// all that known names have.
bool equals_known(std::string_view known, std::string_view name) noexcept {
  constexpr std::uint64_t fold = 0x2020202020202020;
  constexpr std::uint32_t fold4 = 0x20202020;
  const std::size_t size = known.size();
  if (size != name.size()) return false;
  const char* const a = known.data();
  const char* const b = name.data();
  if (size < 8) {
    // Two overlapping halves, or at worst three characters.
    if (size >= 4) return load4(a) == (load4(b) | fold4) && load4(a + size - 4) == (load4(b + size - 4) | fold4);
    for (std::size_t i = 0; i < size; ++i) {
      if (a[i] != (b[i] | 0x20)) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (load8(a + i) != (load8(b + i) | fold)) return false;
  }
  return load8(a + size - 8) == (load8(b + size - 8) | fold);
}

}  // namespace

field_id identify(std::string_view name) noexcept {
  if (name.empty()) return field_id::other;
  const std::uint8_t place = known_places.index[places::of(name, known_places.factor)];
  if (place == places::nobody) return field_id::other;
  return equals_known(known_names[place].name, name) ? known_names[place].id : field_id::other;
}

const field* fields::find(field_id id) const noexcept {
  if (!seen_.contains(id)) return nullptr;
  for (const field& line : list_) {
    if (line.id == id) return &line;
  }
  return nullptr;
}

const field* fields::find(std::string_view name) const noexcept {
  for (const field& line : list_) {
    if (line.name.size() == name.size() && base::iequals(line.name, name)) return &line;
  }
  return nullptr;
}

std::size_t fields::count(field_id id) const noexcept {
  return seen_.contains(id) ? static_cast<std::size_t>(std::ranges::count(list_, id, &field::id)) : 0;
}

void fields::set(field_id id, std::string_view name, std::string_view value) {
  if (!seen_.contains(id)) return add(id, name, value);
  const auto first = std::ranges::find(list_, id, &field::id);
  if (first == list_.end()) return add(id, name, value);
  first->as_received = first->as_received && first->value.data() == value.data() && first->value.size() == value.size();
  first->value = value;
  list_.erase(std::remove_if(first + 1, list_.end(), [id](const field& line) { return line.id == id; }), list_.end());
}

void fields::remove(field_id id) noexcept {
  if (!seen_.contains(id)) return;
  seen_.remove(id);
  std::erase_if(list_, [id](const field& line) { return line.id == id; });
}

}  // namespace sidespan::http
