// SPDX-License-Identifier: Apache-2.0
#include "otlp/channel.hpp"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/slice.h>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/text.hpp"
#include "base/version.hpp"
#include "otlp/identity.hpp"

namespace sidespan::otlp {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad() || text.empty()) return std::nullopt;
  return text;
}

/// Where distributions keep the authorities. Empty when none is there: gRPC's own list counts then.
std::string system_roots() {
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    if (auto text = read_file(path)) return *std::move(text);
  }
  return {};
}

std::string with_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return std::string(authority) + (has_port ? "" : ":4317");  // OT-1
}

bool legal(std::string_view text, int (*check)(grpc_slice)) {
  const grpc::Slice slice(text.data(), text.size());
  const grpc_slice raw = slice.c_slice();
  const bool ok = check(raw) != 0;
  grpc_slice_unref(raw);
  return ok;
}

}  // namespace

collector_address::collector_address(const exporter_settings& settings) {
  std::string_view rest = settings.endpoint;
  if (rest.starts_with("https://")) {
    tls_ = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    throw std::runtime_error("collector endpoint is neither http:// nor https://: " + settings.endpoint);
  }
  rest = rest.substr(0, rest.find('/'));
  if (rest.empty() || rest.starts_with(':'))
    throw std::runtime_error("collector endpoint has no host: " + settings.endpoint);
  authority_ = with_port(rest);
  if (!tls_) return;
  if (settings.ca_file.empty()) {
    roots_ = system_roots();
    return;
  }
  auto text = read_file(settings.ca_file);
  if (!text) throw std::runtime_error("cannot read the authorities of the collector: " + settings.ca_file);
  roots_ = *std::move(text);
}

std::shared_ptr<grpc::Channel> collector_address::make_channel() const {
  grpc::ChannelArguments args;
  args.SetUserAgentPrefix(std::string(program_name) + "/" + base::version());
  args.SetMaxReceiveMessageSize(4 * 1024 * 1024);  // specs OT-8
  // Decision 7: never through our own forward proxy, retries are collect's.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Decision 7 allows 10 s; but spans are to flow again within 5 s of the collector's recovery, and the wait between
  // tries of a batch comes on top.
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);  // in truth the time a connection attempt may take
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // Pings only during a call (collectors punish more); they also set TCP_USER_TIMEOUT for a peer that vanished.
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What receives a few bytes per call need not measure its bandwidth with pings.
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (tls_) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = roots_;
    credentials = grpc::SslCredentials(options);
  }
  return grpc::CreateCustomChannel("dns:///" + authority_, credentials, args);
}

metadata checked_metadata(const metadata& headers) {
  static constexpr std::array<std::string_view, 5> ours = {"content-type", "te", "user-agent", "host", "connection"};
  metadata out;
  for (const auto& [key, value] : headers) {
    const std::string name = base::to_lower(key);
    const auto refuse = [&name](const char* why) {
      throw std::runtime_error("collector header `" + name + "`: " + why);
    };
    if (name.ends_with("-bin")) refuse("binary headers cannot be configured");
    if (name.starts_with("grpc-")) refuse("reserved for gRPC");
    for (const std::string_view one : ours) {
      if (name == one) refuse("set by gRPC itself");
    }
    // gRPC would abort the process on these.
    if (!legal(name, grpc_header_key_is_legal)) refuse("not a valid header name");
    if (!legal(value, grpc_header_nonbin_value_is_legal)) refuse("its value has characters that a header cannot carry");
    out.emplace_back(name, value);
  }
  return out;
}

}  // namespace sidespan::otlp
