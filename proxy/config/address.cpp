// SPDX-License-Identifier: Apache-2.0
#include "config/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace sidespan::config {
namespace {

struct authority {
  std::string_view host;  // without brackets
  std::string_view port;
  bool has_port = false;
  bool v6 = false;
};

bool is_ip(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string split_authority(std::string_view text, authority& out) {
  if (text.substr(0, 1) == "[") {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ip(AF_INET6, text.substr(1, end - 1))) {
      return quoted(text) + " is not an IPv6 address in brackets, like [::1]:8080";
    }
    out.v6 = true;
    out.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return quoted(text) + " after the address is not a port";
  } else {
    out.host = text.substr(0, text.find(':'));
    text.remove_prefix(out.host.size());
  }
  out.has_port = !text.empty();
  out.port = text.empty() ? text : text.substr(1);
  if (out.port.find(':') != std::string_view::npos) return "an IPv6 address needs brackets, like [::1]:8080";
  return {};
}

std::string parse_port(std::string_view text, std::uint64_t lowest, std::uint16_t& out) {
  const auto number = base::parse_decimal(text);
  if (!number) return quoted(text) + " is not a port";
  if (*number < lowest || *number > 65535) {
    return "port " + std::string(text) + " is out of range (" + std::to_string(lowest) + "..65535)";
  }
  out = static_cast<std::uint16_t>(*number);
  return {};
}

/// Takes `scheme://` off and refuses what cannot follow an authority.
std::string split_url(std::string_view& text, std::string_view& scheme, std::string_view& rest) {
  const std::size_t colon = text.find("://");
  if (colon != std::string_view::npos) {
    scheme = text.substr(0, colon);
    text.remove_prefix(colon + 3);
  }
  const std::size_t end = text.find_first_of("/?#");
  rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  text = text.substr(0, end);
  if (text.find('@') != std::string_view::npos) return "a user or password does not belong here";
  return {};
}

std::string check_host(const authority& parts) {
  if (parts.v6 || is_host(parts.host)) return {};
  return parts.host.empty() ? "the host is missing" : quoted(parts.host) + " is not a host name";
}

std::string join(const authority& parts, std::uint16_t port, std::uint16_t default_port) {
  std::string out = parts.v6 ? "[" + std::string(parts.host) + "]" : std::string(parts.host);
  if (port != default_port) out += ":" + std::to_string(port);
  return out;
}

std::string check_upstream_scheme(std::string_view scheme) {
  if (scheme.empty() || base::iequals(scheme, "http") || base::iequals(scheme, "tcp")) return {};
  const std::string shown = std::string(scheme) + "://";
  for (const std::string_view later : {"https", "h2c", "grpc"}) {
    if (base::iequals(scheme, later)) return shown + " is not supported yet by this version, only http:// and tcp://";
  }
  return "unknown scheme " + shown + ", expected http:// or tcp://";
}

/// `unix:/run/x.sock`, also with `//` before the path. The application gets `Host: localhost`, as curl sends it.
std::string parse_unix(std::string_view path, forward::cluster_settings& out) {
  constexpr std::size_t longest = 107;  // sockaddr_un
  if (path.substr(0, 2) == "//") path.remove_prefix(2);
  if (path.substr(0, 1) != "/") return "a unix socket is an absolute path: unix:/run/app.sock";
  if (path.size() > longest) return "the path of a unix socket has at most " + std::to_string(longest) + " bytes";
  out.host = out.authority = "localhost";
  out.port = 80;
  out.name = "unix:" + std::string(path);
  out.endpoints.assign(1, {std::string(path), 0});
  return {};
}

}  // namespace

bool is_host(std::string_view text) {
  const auto fine = [](char c) {
    return base::is_digit(c) || (base::lower(c) >= 'a' && base::lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text.front() != '.' && std::all_of(text.begin(), text.end(), fine);
}

bool is_token(std::string_view text) {
  const auto fine = [](char c) {
    const bool alphanumeric = base::is_digit(c) || (base::lower(c) >= 'a' && base::lower(c) <= 'z');
    return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fine);
}

std::string parse_listen(std::string_view text, std::string_view host, address& out) {
  if (base::parse_decimal(text)) {
    out.host = host;
    return parse_port(text, 0, out.port);
  }
  const bool number =
      !text.empty() && base::is_digit(text.front()) && text.find_first_of(".:") == std::string_view::npos;
  if (number || text.find_first_of(".:") == std::string_view::npos) {
    return quoted(text) + " is not a port or address:port, like 8080 or 127.0.0.1:8080";
  }
  authority parts;
  if (std::string wrong = split_authority(text, parts); !wrong.empty()) return wrong;
  if (!parts.has_port) return quoted(text) + " has no port";
  if (parts.host == "localhost") parts.host = "127.0.0.1";
  if (!parts.v6 && parts.host != "*" && !is_ip(AF_INET, parts.host)) {
    return quoted(parts.host) + " is not an IP address to listen on";
  }
  out.host = parts.host;
  return parse_port(parts.port, 0, out.port);
}

std::string parse_upstream(std::string_view text, forward::cluster_settings& out) {
  if (base::parse_decimal(text)) return quoted(text) + " has no host: write localhost:" + std::string(text);
  if (text.substr(0, 5) == "unix:") return parse_unix(text.substr(5), out);
  std::string_view scheme;
  std::string_view rest;
  authority parts;
  const std::string_view whole = text;
  if (std::string wrong = split_url(text, scheme, rest); !wrong.empty()) return wrong;
  if (std::string wrong = check_upstream_scheme(scheme); !wrong.empty()) return wrong;
  if (!rest.empty() && rest != "/") return quoted(whole) + ": a path does not belong here, requests keep their own";
  if (std::string wrong = split_authority(text, parts); !wrong.empty()) return wrong;
  if (std::string wrong = check_host(parts); !wrong.empty()) return wrong;
  if (scheme.empty() && !parts.has_port)
    return quoted(whole) + " has no port: write " + std::string(whole) + ":80 or http://" + std::string(whole);
  using protocol = enum forward::cluster_settings::protocol;
  const bool tcp = base::iequals(scheme, "tcp");
  if (tcp && !parts.has_port) return quoted(whole) + " has no port";
  out.protocol = tcp ? protocol::tcp : scheme.empty() ? protocol::any : protocol::http;
  out.port = 80;
  if (parts.has_port) {
    if (std::string wrong = parse_port(parts.port, 1, out.port); !wrong.empty()) return wrong;
  }
  out.host = parts.host;
  out.authority = join(parts, out.port, tcp ? 0 : 80);
  out.name = out.authority;
  out.endpoints.assign(1, {out.host, out.port});
  return {};
}

std::string parse_endpoint(std::string_view text, std::string& out, std::string& warning) {
  std::string_view scheme;
  std::string_view rest;
  authority parts;
  const std::string_view whole = text;
  if (std::string wrong = split_url(text, scheme, rest); !wrong.empty()) return wrong;
  const bool secure = base::iequals(scheme, "https");
  if (scheme.empty()) return quoted(whole) + " has no scheme: write http://" + std::string(whole);
  if (!secure && !base::iequals(scheme, "http"))
    return "unknown scheme " + std::string(scheme) + "://, expected http:// or https://";
  if (std::string wrong = split_authority(text, parts); !wrong.empty()) return wrong;
  if (std::string wrong = check_host(parts); !wrong.empty()) return wrong;
  std::uint16_t port = secure ? 443 : 80;  // OTLP specification: a missing port is that of the scheme
  if (parts.has_port) {
    if (std::string wrong = parse_port(parts.port, 1, port); !wrong.empty()) return wrong;
  }
  const std::string start = secure ? "https://" : "http://";
  out = start + join(parts, port, 0);
  if (port == 4318) {
    warning = "port 4318 is OTLP over HTTP and this exporter speaks gRPC: use " + start + join(parts, 4317, 0);
  } else if (!parts.has_port && !secure) {
    warning = "no port, so 80: OTLP/gRPC collectors listen on 4317, use " + start + join(parts, 4317, 0);
  } else if (!rest.empty() && rest != "/") {
    warning = "the path " + std::string(rest) + " is ignored, gRPC has none";
  }
  return {};
}

}  // namespace sidespan::config
