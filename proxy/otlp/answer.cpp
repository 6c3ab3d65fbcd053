// SPDX-License-Identifier: Apache-2.0
#include "otlp/answer.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/protobuf.hpp"

namespace sidespan::otlp {
namespace {

namespace wire = base::protobuf;

using std::chrono::milliseconds;

enum class again : std::uint8_t { never, always, with_retry_info };

struct row {
  std::string_view name;
  enum again again;
};

// specs §4.2, by number.
constexpr std::array<row, 17> statuses{{
    {"ok", again::never},
    {"cancelled", again::always},
    {"unknown", again::never},
    {"invalid_argument", again::never},
    {"deadline_exceeded", again::always},
    {"not_found", again::never},
    {"already_exists", again::never},
    {"permission_denied", again::never},
    {"resource_exhausted", again::with_retry_info},
    {"failed_precondition", again::never},
    {"aborted", again::always},
    {"out_of_range", again::always},
    {"unimplemented", again::never},
    {"internal", again::never},
    {"unavailable", again::always},
    {"data_loss", again::always},
    {"unauthenticated", again::never},
}};
constexpr int unknown = 2;

const row& find(int code) noexcept {
  const bool known = code >= 0 && code < static_cast<int>(statuses.size());
  return statuses[static_cast<std::size_t>(known ? code : unknown)];
}

std::optional<wire::field> find(std::string_view message, std::uint32_t number, wire::type kind) noexcept {
  std::optional<wire::field> last;  // of a field that comes twice the last counts
  while (const auto field = wire::next_field(message)) {
    if (field->number == number && field->kind == kind) last = field;
  }
  return last;
}

/// Duration: 1 seconds, 2 nanos. Below zero or beyond an hour is not believed.
milliseconds duration(std::string_view message) noexcept {
  const auto seconds = find(message, 1, wire::type::varint);
  const auto nanos = find(message, 2, wire::type::varint);
  const auto s = std::clamp<std::int64_t>(seconds ? static_cast<std::int64_t>(seconds->integer) : 0, 0, 3600);
  const auto ns = std::clamp<std::int64_t>(nanos ? static_cast<std::int64_t>(nanos->integer) : 0, 0, 999'999'999);
  return std::chrono::seconds(s) + std::chrono::ceil<milliseconds>(std::chrono::nanoseconds(ns));
}

collect::export_outcome accepted(std::string_view response) {
  collect::export_outcome out;
  const auto partial = find(response, 1, wire::type::bytes);
  if (!partial) return out;
  const auto rejected = find(partial->bytes, 1, wire::type::varint);
  const auto message = find(partial->bytes, 2, wire::type::bytes);
  const auto count = rejected ? static_cast<std::int64_t>(rejected->integer) : 0;
  out.refused = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  if (message) out.message = message->bytes;
  if (out.refused > 0) out.reason = "partial_success";
  return out;
}

}  // namespace

std::string_view status_name(int code) noexcept { return find(code).name; }

std::optional<milliseconds> retry_delay(std::string_view details) noexcept {
  constexpr std::string_view type_name = "google.rpc.RetryInfo";
  while (const auto field = wire::next_field(details)) {  // google.rpc.Status: 3 details, each an Any
    if (field->number != 3 || field->kind != wire::type::bytes) continue;
    const auto url = find(field->bytes, 1, wire::type::bytes);
    if (!url || url->bytes.substr(url->bytes.rfind('/') + 1) != type_name) continue;
    const auto info = find(field->bytes, 2, wire::type::bytes);
    const auto delay = info ? find(info->bytes, 1, wire::type::bytes) : std::nullopt;
    return delay ? duration(delay->bytes) : milliseconds(0);
  }
  return std::nullopt;
}

collect::export_outcome judge(const call_status& status, std::string_view response) {
  if (status.code == 0) return accepted(response);
  const row& known = find(status.code);
  const auto delay = retry_delay(status.details);
  const bool repeat = known.again == again::always || (known.again == again::with_retry_info && delay);
  collect::export_outcome out;
  out.kind = repeat ? collect::export_outcome::kind::retry : collect::export_outcome::kind::rejected;
  out.reason = known.name;
  out.message = status.message;
  if (repeat && delay && *delay > milliseconds(0)) out.retry_after = delay;  // specs OT-22
  return out;
}

}  // namespace sidespan::otlp
