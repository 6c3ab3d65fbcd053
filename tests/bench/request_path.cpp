// SPDX-License-Identifier: Apache-2.0
//
// The way of one request through the pure stages, for tests/bench/instructions: parse, route, inject (with extract and
// the drawing of ids before it) and serialise. One function per stage, never inlined, so that callgrind tells them
// apart.
//
// usage: bench_request_path <requests>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "http/head.hpp"
#include "http/target.hpp"
#include "http1/decoder.hpp"
#include "http1/encoder.hpp"
#include "route/table.hpp"
#include "support/fixed_random.hpp"
#include "trace/begin.hpp"
#include "trace/propagate.hpp"
#include "trace/sampler.hpp"

namespace {

using namespace sidespan;

constexpr std::string_view request_text =
    "GET /carts/7421/items?page=2 HTTP/1.1\r\n"
    "Host: cart.shop:8080\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Language: en-GB,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Cookie: session=6b86b273ff34fce19d6b804eff5a3f57; theme=dark\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "tracestate: vendor=t61rcWkgMzE\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

std::vector<route::rule_settings> rules() {
  std::vector<route::rule_settings> out;
  for (const char* path : {"/carts", "/carts/{id}", "/carts/{id}/items", "/carts/{id}/items/{item}", "/users/{id}",
                           "/assets/{rest*}", "/healthz", "/{rest*}"}) {
    out.emplace_back().path_template = path;
  }
  return out;
}

struct request_in_hand {
  http::request_head head;
  http1::decoded_head decoded;
  http::target_parts target;
  trace::context self;
  base::arena arena;
  std::string out;
};

const trace::sampler& sampler() {
  static const trace::sampler always{trace::sampler_settings{}};
  return always;
}

}  // namespace

[[gnu::noinline]] bool stage_parse(request_in_hand& one) {
  std::size_t scanned = 0;
  one.head.clear();
  const auto decoded = http1::decode_request_head(request_text, scanned, http1::head_limits{}, one.head);
  if (!decoded) return false;
  one.decoded = *decoded;
  const auto target = http::parse_target(one.head.method, one.head.target);
  if (!target) return false;
  one.target = *target;
  return http::parse_authority(one.head.fields.value(http::field_id::host)).has_value();
}

[[gnu::noinline]] bool stage_route(const request_in_hand& one, const route::table& table) {
  return table.match(one.head.method, "cart.shop", one.target.path) != nullptr;
}

[[gnu::noinline]] void stage_inject(request_in_hand& one, base::random_source& random) {
  const auto parent = trace::extract(one.head.fields);
  one.self = trace::begin(parent ? &*parent : nullptr, sampler(), random);
  trace::inject(one.self, one.head.fields, one.arena);
}

[[gnu::noinline]] void stage_serialise(request_in_hand& one) {
  one.out.clear();
  http1::encode_request_head(one.head, one.target.origin_form, one.decoded.body, http1::persistence::keep, one.out);
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const route::table table(rules());
  support::fixed_random random;
  request_in_hand one;
  for (long left = std::atol(arguments[1]); left > 0; --left) {
    one.arena.reset();
    if (!stage_parse(one) || !stage_route(one, table)) return 1;
    stage_inject(one, random);
    stage_serialise(one);
  }
  std::cout << one.out;
}
