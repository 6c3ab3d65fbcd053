// SPDX-License-Identifier: Apache-2.0

#include "viewer/model.hpp"

#include "base/text.hpp"

namespace sidespan::viewer {
namespace {

std::size_t size_of(const value& item);

std::size_t size_of(const attributes& list) {
  std::size_t size = 0;
  for (const attribute& entry : list) size += sizeof(attribute) + entry.key.size() + size_of(entry.value);
  return size;
}

std::size_t size_of(const value& item) {
  if (const auto* text = std::get_if<std::string>(&item.data)) return text->size();
  if (const auto* raw = std::get_if<bytes>(&item.data)) return raw->data.size();
  if (const auto* map = std::get_if<attributes>(&item.data)) return size_of(*map);
  std::size_t size = 0;
  if (const auto* list = std::get_if<array>(&item.data)) {
    for (const value& entry : *list) size += sizeof(value) + size_of(entry);
  }
  return size;
}

}  // namespace

std::string_view text_of(const attributes& list, std::string_view key) {
  for (const attribute& entry : list) {
    if (entry.key != key) continue;
    const auto* text = std::get_if<std::string>(&entry.value.data);
    return text != nullptr ? std::string_view(*text) : std::string_view{};
  }
  return {};
}

std::string_view service_of(const span& item) {
  const std::string_view name = item.resource ? text_of(item.resource->attributes, "service.name") : std::string_view{};
  return name.empty() ? "unknown_service" : name;
}

std::size_t approximate_size(const span& item) {
  std::size_t size = sizeof(span) + item.name.size() + item.status_message.size() + item.trace_state.size() +
                     item.scope.size() + size_of(item.attributes);
  for (const event& entry : item.events) size += sizeof(event) + entry.name.size() + size_of(entry.attributes);
  for (const link& entry : item.links) size += sizeof(link) + size_of(entry.attributes);
  return size;
}

std::string to_hex(const trace_id& id) { return base::to_hex(id); }
std::string to_hex(const span_id& id) { return base::to_hex(id); }

}  // namespace sidespan::viewer
