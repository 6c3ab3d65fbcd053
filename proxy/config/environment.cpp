// SPDX-License-Identifier: Apache-2.0
//
// Variables of the process as a giver of values: ours by the names of the key table, and those of OpenTelemetry by the
// rules of its specification (specs §4.5).
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "config/read.hpp"
#include "config/suggest.hpp"

namespace sidespan::config {
namespace {

/// Empty is unset (specs §4.5).
const std::string* find(const environment& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() || found->second.empty() ? nullptr : &found->second;
}

path split_path(std::string_view text) {
  path out;
  for (const std::string_view part : split(text, '.')) out.emplace_back(part);
  return out;
}

/// OTEL_* variables: everything that goes wrong here is a warning, and the variable counts as unset.
class otel_reader {
 public:
  otel_reader(const environment& variables, values& into, report& problems)
      : variables_(variables), into_(into), problems_(problems) {}

  void read() {
    for (const key& row : keys()) {
      if (row.otel.empty() || row.kind == kind::sampler || row.kind == kind::endpoint) continue;
      const std::string name = specific(row.otel);
      if (const std::string* text = find(variables_, name)) plain(row, name, *text);
    }
    endpoint();
    exporter();
    sampler();
    resource();
    headers();
    unsupported();
  }

 private:
  /// OTEL_EXPORTER_OTLP_TRACES_X is stronger than OTEL_EXPORTER_OTLP_X.
  std::string specific(std::string_view name) const {
    static constexpr std::string_view general = "OTEL_EXPORTER_OTLP_";
    if (name.substr(0, general.size()) != general) return std::string(name);
    const std::string traces = std::string(general) + "TRACES_" + std::string(name.substr(general.size()));
    return find(variables_, traces) ? traces : std::string(name);
  }

  void warn(const std::string& name, const std::string& message) { problems_.warning(at(name), "ignored: " + message); }
  static origin at(const std::string& name) { return {origin::layer::otel, name, 0, 0}; }

  void set(const path& where, const std::string& text, const std::string& name) {
    report wrong;
    read_text(where, text, at(name), into_, wrong);
    for (const problem& what : wrong.sorted()) {
      if (what.severity == problem::severity::error) {
        warn(name, what.message);
      } else {
        problems_.warning(what.where, what.message);
      }
    }
  }

  void plain(const key& row, const std::string& name, const std::string& text) {
    std::string value = text;
    if (row.kind == kind::choice) value = base::to_lower(text);  // "enum values are case-insensitive"
    if (row.kind == kind::duration) {                            // "an integer number of milliseconds"
      if (!base::parse_decimal(text)) return warn(name, "\"" + text + "\" is not a number of milliseconds");
      value += "ms";
      if (row.path == "export.otlp.timeout" && *base::parse_decimal(text) == 0) value = "10m";  // 0: no limit
    }
    set(split_path(row.path), value, name);
  }

  void endpoint() {
    const std::string name = specific("OTEL_EXPORTER_OTLP_ENDPOINT");
    const std::string* text = find(variables_, name);
    if (!text) return;
    const std::string* insecure = find(variables_, specific("OTEL_EXPORTER_OTLP_INSECURE"));
    const bool scheme = text->find("://") != std::string::npos;
    const std::string prefix = insecure && base::iequals(*insecure, "true") ? "http://" : "https://";
    set({"export", "otlp", "endpoint"}, scheme ? *text : prefix + *text, name);
  }

  void exporter() {
    if (const std::string* kind = find(variables_, "OTEL_TRACES_EXPORTER")) {
      if (base::iequals(*kind, "none")) {
        set({"export", "otlp", "endpoint"}, "off", "OTEL_TRACES_EXPORTER");
      } else if (!base::iequals(*kind, "otlp")) {
        warn("OTEL_TRACES_EXPORTER", "\"" + *kind + "\" is not otlp or none");
      }
    }
    if (const std::string* disabled = find(variables_, "OTEL_SDK_DISABLED")) {
      if (base::iequals(*disabled, "true")) {
        set({"export", "otlp", "endpoint"}, "off", "OTEL_SDK_DISABLED");
      } else if (!base::iequals(*disabled, "false")) {
        warn("OTEL_SDK_DISABLED", "\"" + *disabled + "\" is not true or false");
      }
    }
  }

  void sampler() {
    const std::string* kind = find(variables_, "OTEL_TRACES_SAMPLER");
    if (!kind) return;
    std::string name = base::to_lower(*kind);
    const bool parent_based = name.rfind("parentbased_", 0) == 0;
    if (parent_based) name.erase(0, 12);
    if (name == "traceidratio") {
      name = "{ ratio: " + ratio() + " }";
    } else if (name != "always_on" && name != "always_off") {
      return warn("OTEL_TRACES_SAMPLER", "sampler \"" + *kind + "\" is not known to this version");
    }
    set({"trace", "sampler"}, parent_based ? "{ parent_based: " + name + " }" : name, "OTEL_TRACES_SAMPLER");
  }

  /// "Invalid or unrecognised input MUST be logged and MUST be otherwise ignored": 1.0 then.
  std::string ratio() {
    const std::string* text = find(variables_, "OTEL_TRACES_SAMPLER_ARG");
    if (!text) return "1";
    node given;
    given.kind = node::kind::scalar;
    given.text = *text;
    report wrong;
    const key probe{.path = "ratio", .kind = kind::ratio, .range = "0..1"};
    if (parse_value(probe, given, "ratio", {}, wrong)) return *text;
    warn("OTEL_TRACES_SAMPLER_ARG", "\"" + *text + "\" is not a ratio from 0 to 1");
    return "1";
  }

  using pairs = std::vector<std::pair<std::string, std::string>>;

  void resource() {
    const auto attributes = list_of_pairs("OTEL_RESOURCE_ATTRIBUTES");
    for (const auto& [name, text] : attributes) {
      const bool service = name == "service.name";
      if (service && find(variables_, "OTEL_SERVICE_NAME")) continue;  // the variable of its own is stronger
      set(service ? path{"service"} : path{"resource", name}, text, "OTEL_RESOURCE_ATTRIBUTES");
    }
  }

  void headers() {
    const std::string name = specific("OTEL_EXPORTER_OTLP_HEADERS");
    for (const auto& [field, text] : list_of_pairs(name))
      set({"export", "otlp", "headers", base::to_lower(field)}, text, name);
  }

  /// `k=v,k=v`, percent-encoded; one bad element discards all.
  pairs list_of_pairs(const std::string& name) {
    const std::string* text = find(variables_, name);
    pairs out;
    if (!text) return out;
    std::string_view rest = *text;
    while (auto element = base::next_list_element(rest)) {
      const std::size_t equals = element->find('=');
      const auto key = percent_decoded(base::trim_ows(element->substr(0, equals)));
      const auto value =
          percent_decoded(equals == std::string_view::npos ? "%" : base::trim_ows(element->substr(equals + 1)));
      if (!key || key->empty() || !value) {
        warn(name, "is not a list like key=value,key=value with percent-encoded values");
        return {};
      }
      out.emplace_back(*key, *value);
    }
    return out;
  }

  static std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      if (text.front() != '%') {
        out += text.front();
        text.remove_prefix(1);
        continue;
      }
      std::array<std::uint8_t, 1> byte{};
      if (text.size() < 3 || !base::parse_lower_hex(base::to_lower(text.substr(1, 2)), byte)) return std::nullopt;
      out += static_cast<char>(byte[0]);
      text.remove_prefix(3);
    }
    return out;
  }

  /// Set and without effect here: to be silent about them would be a surprise.
  void unsupported() {
    for (const char* name : {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                             "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE"}) {
      if (find(variables_, name)) warn(name, "client certificates are not supported yet by this version");
    }
  }

  const environment& variables_;
  values& into_;
  report& problems_;
};

/// Kubernetes sets these in every pod for a Service that is called sidespan.
bool is_service_link(std::string_view name) {
  const auto ends = [&](std::string_view end) {
    return name.size() > end.size() && name.substr(name.size() - end.size()) == end;
  };
  return ends("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos ||
         name.substr(0, 13) == "SIDESPAN_PORT";
}

}  // namespace

void read_otel_variables(const environment& variables, values& into, report& problems) {
  otel_reader(variables, into, problems).read();
}

void read_variables(const environment& variables, values& into, report& problems) {
  std::vector<std::string> known = {"SIDESPAN_CONFIG"};
  for (const key& row : keys()) {
    const std::string name = variable_of(row);
    if (name.empty()) continue;
    known.push_back(name);
    const std::string* text = find(variables, name);
    if (text) read_text(split_path(row.path), *text, {origin::layer::environment, name, 0, 0}, into, problems);
  }
  for (auto it = variables.lower_bound("SIDESPAN_"); it != variables.end() && it->first.rfind("SIDESPAN_", 0) == 0;
       ++it) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    if (std::find(names.begin(), names.end(), it->first) != names.end() || is_service_link(it->first)) continue;
    problems.warning({origin::layer::environment, it->first, 0, 0},
                     "unknown variable" + did_you_mean(it->first, names));
  }
}

}  // namespace sidespan::config
