// SPDX-License-Identifier: Apache-2.0
//
// The gRPC channel to the collector and the metadata of each call, checked once at start-up. Used by grpc_exporter.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "otlp/settings.hpp"

namespace grpc {
class Channel;
}

namespace sidespan::otlp {

class collector_address {
 public:
  /// Throws std::runtime_error when the endpoint is not http:// or https:// with a host, or the CA file cannot be read.
  explicit collector_address(const exporter_settings& settings);

  /// A fresh channel, set as decision 7 says; does not connect yet.
  std::shared_ptr<grpc::Channel> make_channel() const;
  /// host:port, for the log.
  const std::string& authority() const noexcept { return authority_; }

 private:
  std::string authority_;
  bool tls_ = false;
  std::string roots_;  // PEM
};

using metadata = std::vector<std::pair<std::string, std::string>>;
/// Names in lower case. Throws std::runtime_error naming the header that gRPC would not send; never shows a value.
metadata checked_metadata(const metadata& headers);

}  // namespace sidespan::otlp
