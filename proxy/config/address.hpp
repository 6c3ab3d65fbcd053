// SPDX-License-Identifier: Apache-2.0
//
// The forms in which people write where to listen, where to send, and where the collector is. Each function returns
// what is wrong as text, empty when nothing is. Pure; used by value.
#pragma once

#include <string>
#include <string_view>

#include "config/value.hpp"

namespace sidespan::config {

/// `8080`, `127.0.0.1:8080`, `[::1]:8080`, `*:8080`, `localhost:8080`; a port alone gets `host`.
std::string parse_listen(std::string_view text, std::string_view host, address& out);
/// `localhost:3000`, `http://catalog:8080`, `http://catalog`, `[::1]:80`, `tcp://db:5432`, `unix:/run/app.sock`.
std::string parse_upstream(std::string_view text, forward::cluster_settings& out);
/// `http://collector:4317`, `https://…`; `out` is scheme, host and port, nothing else. `warning`: valid but odd.
std::string parse_endpoint(std::string_view text, std::string& out, std::string& warning);
/// A host name or an IPv4 address.
bool is_host(std::string_view text);
/// RFC 9110 §5.6.2.
bool is_token(std::string_view text);

}  // namespace sidespan::config
