// SPDX-License-Identifier: Apache-2.0
#include "http/status.hpp"

#include <catch2/catch.hpp>

using sidespan::http::reason_phrase;

TEST_CASE("status: every status that sidespan makes itself has its phrase (specs §7.7)") {
  struct row {
    int status;
    const char* phrase;
  };
  const row rows[] = {
      {100, "Continue"},
      {200, "OK"},
      {400, "Bad Request"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {508, "Loop Detected"},
      {511, "Network Authentication Required"},
  };
  for (const auto& [status, phrase] : rows) CHECK(reason_phrase(status) == phrase);
}

TEST_CASE("status: codes outside the registry are unknown") {
  for (const int status : {-1, 0, 99, 104, 299, 306, 418, 430, 509, 512, 999}) {
    CAPTURE(status);
    CHECK(reason_phrase(status) == "Unknown");
  }
}
