// SPDX-License-Identifier: Apache-2.0
#include "wire/date.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace sidespan::wire {

std::string_view imf_fixdate_now() {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::array<char, 64> text{};
  thread_local std::time_t formatted = -1;
  thread_local int length = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != formatted) {
    std::tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday],
                           utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    formatted = now.tv_sec;
  }
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace sidespan::wire
