// SPDX-License-Identifier: Apache-2.0
#include "config/suggest.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sidespan::config {

std::string did_you_mean(std::string_view given, const std::vector<std::string_view>& known) {
  if (given.size() > 64) return {};  // no key is that long, and the distance costs the product of both lengths
  // A third of the letters may be wrong: "timeot" is near "timeout", "xyz" is near nothing.
  std::size_t least = std::max<std::size_t>(1, given.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view word : known) {
    const std::size_t distance = base::edit_distance(given, word, least);
    if (distance < least) {
      least = distance;
      nearest = word;
    }
  }
  return nearest.empty() ? std::string{} : ", did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace sidespan::config
