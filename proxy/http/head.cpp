// SPDX-License-Identifier: Apache-2.0
#include "http/head.hpp"

namespace sidespan::http {

std::string_view name(version value) noexcept {
  switch (value) {
    case version::http_1_0:
      return "1.0";
    case version::http_1_1:
      return "1.1";
    case version::http_2:
      return "2";
  }
  return "1.1";
}

bool response_has_no_content(std::string_view request_method, int status) noexcept {
  return request_method == "HEAD" || (status >= 100 && status < 200) || status == 204 || status == 304;
}

}  // namespace sidespan::http
