// SPDX-License-Identifier: Apache-2.0
#include "cli/probe.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdlib>
#include <string_view>

#include "base/text.hpp"

namespace sidespan::cli {

probe_result probe(const std::string& admin, const std::string& path, std::chrono::milliseconds timeout) {
  const std::size_t colon = admin.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : admin.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? admin : admin.substr(colon + 1);
  boost::asio::ip::tcp::iostream stream;
  stream.expires_after(timeout);
  stream.connect(host, port);
  if (!stream) return {0, "cannot connect to " + admin + ": " + stream.error().message()};
  stream << "GET " << path << " HTTP/1.1\r\nHost: " << admin << "\r\nConnection: close\r\n\r\n" << std::flush;
  std::string version;
  std::string status;
  stream >> version >> status;
  const auto number = base::parse_decimal(status);
  if (!stream || version.rfind("HTTP/1.", 0) != 0 || !number || *number > 999) return {0, "no answer from " + admin};
  return {static_cast<int>(*number), ""};
}

std::string default_admin() {
  const char* variable = std::getenv("SIDESPAN_ADMIN_LISTEN");
  std::string admin = variable == nullptr || *variable == '\0' ? "127.0.0.1:7190" : variable;
  for (const std::string_view any : {"0.0.0.0:", "[::]:", "*:"}) {
    if (admin.rfind(any, 0) == 0) return "127.0.0.1:" + admin.substr(any.size());
  }
  return admin;
}

}  // namespace sidespan::cli
