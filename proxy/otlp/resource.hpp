// SPDX-License-Identifier: Apache-2.0
//
// The resource part of every export request, rendered once at start-up. Used by encode.
#pragma once

#include <map>
#include <string>

#include "base/random.hpp"
#include "otlp/settings.hpp"

namespace sidespan::otlp {

/// What we say about the service and ourselves (specs §4.3); the configured attributes come last and override. Values
/// are made valid UTF-8: one bad byte from an environment variable would make a receiver refuse every request.
std::map<std::string, std::string> resource_attributes(const resource_settings& settings, base::random_source& random);

/// As a `Resource` message.
std::string render_resource(const std::map<std::string, std::string>& attributes);

/// A random UUID (RFC 9562 §5.4), the service.instance.id when none is configured.
std::string make_uuid(base::random_source& random);

}  // namespace sidespan::otlp
