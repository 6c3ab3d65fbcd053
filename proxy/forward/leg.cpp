// SPDX-License-Identifier: Apache-2.0
#include "forward/leg.hpp"

#include "base/text.hpp"

namespace sidespan::forward {
namespace {

std::string make_pseudonym(base::random_source& random) {
  const std::uint64_t bits = random.next();
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(bits >> (8 * i));
  return "sidespan-" + base::to_hex(bytes);
}

}  // namespace

leg::leg(listener_settings settings, const trace::sampler_settings& root, base::random_source& random,
         const leg* before)
    : settings_(std::move(settings)),
      table_(settings_.rules),
      root_sampler_(root),
      pseudonym_(before != nullptr ? before->pseudonym_ : make_pseudonym(random)),
      load_(before != nullptr ? before->load_ : std::make_shared<load>()),
      via_1_0_("1.0 " + pseudonym_),
      via_1_1_("1.1 " + pseudonym_),
      via_2_("2 " + pseudonym_) {
  const std::size_t learn = settings_.inferred_routes;
  if (before != nullptr && before->settings_.inferred_routes == learn) {
    inferred_ = before->inferred_;
  } else if (learn != 0) {
    inferred_ = std::make_shared<route::inferred_routes>(learn);
  }
  samplers_.reserve(table_.rules().size());
  for (const route::rule_settings& rule : table_.rules()) {
    trace::sampler_settings own = root;
    if (rule.sample) {
      own.root = trace::sampler_settings::root_kind::ratio;
      own.ratio = *rule.sample;
    }
    samplers_.emplace_back(own);
  }
  for (const cluster_settings& cluster : settings_.clusters) {
    upstreams_.push_back({cluster.name, cluster.endpoints, settings_.upstream});
    // What speaks HTTP must never be handed to what does not: connections are not shared between the two.
    keys_.push_back((settings_.opaque ? "tcp\n" : "") + upstream::key_of(upstreams_.back()));
  }
}

const trace::sampler& leg::sampler_for(const route::rule_settings* rule) const noexcept {
  if (rule == nullptr) return root_sampler_;
  return samplers_[static_cast<std::size_t>(rule - table_.rules().data())];
}

std::string_view leg::via(http::version received) const noexcept {
  switch (received) {
    case http::version::http_1_0:
      return via_1_0_;
    case http::version::http_1_1:
      return via_1_1_;
    case http::version::http_2:
      return via_2_;
  }
  return via_1_1_;
}

}  // namespace sidespan::forward
