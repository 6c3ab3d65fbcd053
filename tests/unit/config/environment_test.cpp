// SPDX-License-Identifier: Apache-2.0
//
// OTEL_* and SIDESPAN_* variables, row by row of specs §4.5.
#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace {

using namespace sidespan;
using namespace std::chrono_literals;

config::outcome load(config::environment variables, std::string more = "") {
  return config::load({"f.yaml", "service: cart\ninbound: { 8080: a:1 }\n" + more, std::move(variables), {}, 1});
}

std::vector<std::string> lines(const config::outcome& loaded) {
  std::vector<std::string> out;
  for (const config::problem& each : loaded.problems) out.push_back(config::format(each));
  return out;
}

using check = std::function<bool(const app::settings&)>;
using root = trace::sampler_settings::root_kind;

bool sampler(const app::settings& s, bool parent_based, root kind, double ratio = 1.0) {
  return s.trace.sampler.parent_based == parent_based && s.trace.sampler.root == kind && s.trace.sampler.ratio == ratio;
}

struct row {
  config::environment variables;
  check holds;
  /// Exactly the warnings there are.
  std::vector<std::string> warnings = {};
};

const row rows[] = {
    {{{"OTEL_SERVICE_NAME", "shop"}}, [](auto& s) { return s.service == "shop" && s.resource.service == "shop"; }},
    {{{"OTEL_SERVICE_NAME", ""}}, [](auto& s) { return s.service == "cart"; }},  // empty = unset
    {{{"OTEL_RESOURCE_ATTRIBUTES", "a=1, b=x%20y ,service.name=shop"}},
     [](auto& s) {
       return s.service == "shop" &&
              s.resource.attributes == std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "x y"}};
     }},
    {{{"OTEL_RESOURCE_ATTRIBUTES", "service.name=other"}, {"OTEL_SERVICE_NAME", "shop"}},
     [](auto& s) { return s.service == "shop"; }},
    {{{"OTEL_RESOURCE_ATTRIBUTES", "a=1,b=%zz"}},
     [](auto& s) { return s.resource.attributes.empty(); },
     {"OTEL_RESOURCE_ATTRIBUTES: warning: ignored: is not a list like key=value,key=value with percent-encoded "
      "values"}},
    {{{"OTEL_RESOURCE_ATTRIBUTES", "a=1,b"}},
     [](auto& s) { return s.resource.attributes.empty(); },
     {"OTEL_RESOURCE_ATTRIBUTES: warning: ignored: is not a list like key=value,key=value with percent-encoded "
      "values"}},
    {{{"OTEL_PROPAGATORS", "tracecontext,tracecontext"}},
     [](auto& s) { return s.trace.tracecontext && !s.trace.baggage; }},
    {{{"OTEL_PROPAGATORS", "baggage"}}, [](auto& s) { return !s.trace.tracecontext && s.trace.baggage; }},
    {{{"OTEL_PROPAGATORS", "none"}}, [](auto& s) { return !s.trace.tracecontext && !s.trace.baggage; }},
    {{{"OTEL_PROPAGATORS", "tracecontext,b3"}},
     [](auto& s) { return s.trace.tracecontext && s.trace.baggage; },
     {"OTEL_PROPAGATORS: warning: ignored: trace.propagators: \"b3\" is not supported yet by this version"}},
    {{{"OTEL_TRACES_SAMPLER", "always_on"}}, [](auto& s) { return sampler(s, false, root::always_on); }},
    {{{"OTEL_TRACES_SAMPLER", "ALWAYS_OFF"}}, [](auto& s) { return sampler(s, false, root::always_off); }},
    {{{"OTEL_TRACES_SAMPLER", "parentbased_always_on"}}, [](auto& s) { return sampler(s, true, root::always_on); }},
    {{{"OTEL_TRACES_SAMPLER", "parentbased_always_off"}}, [](auto& s) { return sampler(s, true, root::always_off); }},
    {{{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}},
     [](auto& s) { return sampler(s, false, root::ratio, 0.25); }},
    {{{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}},
     [](auto& s) { return sampler(s, true, root::ratio, 0.25); }},
    {{{"OTEL_TRACES_SAMPLER", "traceidratio"}}, [](auto& s) { return sampler(s, false, root::ratio, 1.0); }},
    {{{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "2"}},
     [](auto& s) { return sampler(s, false, root::ratio, 1.0); },
     {"OTEL_TRACES_SAMPLER_ARG: warning: ignored: \"2\" is not a ratio from 0 to 1"}},
    {{{"OTEL_TRACES_SAMPLER_ARG", "0.25"}},
     [](auto& s) { return sampler(s, true, root::always_on); }},  // only with SAMPLER
    {{{"OTEL_TRACES_SAMPLER", "xray"}},
     [](auto& s) { return sampler(s, true, root::always_on); },
     {"OTEL_TRACES_SAMPLER: warning: ignored: sampler \"xray\" is not known to this version"}},
    {{{"OTEL_LOG_LEVEL", "WARN"}}, [](auto& s) { return s.log.level == base::log_level::warn; }},
    {{{"OTEL_LOG_LEVEL", "loud"}},
     [](auto& s) { return s.log.level == base::log_level::info; },
     {"OTEL_LOG_LEVEL: warning: ignored: log.level: \"loud\" is not one of trace, debug, info, warn, error, off"}},
    {{{"OTEL_TRACES_EXPORTER", "none"}}, [](auto& s) { return !s.exporter.has_value(); }},
    {{{"OTEL_TRACES_EXPORTER", "otlp"}}, [](auto& s) { return s.exporter.has_value(); }},
    {{{"OTEL_TRACES_EXPORTER", "zipkin"}},
     [](auto& s) { return s.exporter.has_value(); },
     {"OTEL_TRACES_EXPORTER: warning: ignored: \"zipkin\" is not otlp or none"}},
    {{{"OTEL_SDK_DISABLED", "TRUE"}}, [](auto& s) { return !s.exporter.has_value(); }},
    {{{"OTEL_SDK_DISABLED", "1"}},
     [](auto& s) { return s.exporter.has_value(); },
     {"OTEL_SDK_DISABLED: warning: ignored: \"1\" is not true or false"}},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}},
     [](auto& s) { return s.exporter->endpoint == "http://c:4317"; }},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:2"}},
     [](auto& s) { return s.exporter->endpoint == "http://t:2"; }},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"}}, [](auto& s) { return s.exporter->endpoint == "https://c:4317"; }},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"}, {"OTEL_EXPORTER_OTLP_INSECURE", "true"}},
     [](auto& s) { return s.exporter->endpoint == "http://c:4317"; }},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4317"}, {"OTEL_EXPORTER_OTLP_INSECURE", "true"}},
     [](auto& s) { return s.exporter->endpoint == "https://c:4317"; }},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}},
     [](auto& s) { return s.exporter->endpoint == "http://c:4318"; },
     {"OTEL_EXPORTER_OTLP_ENDPOINT: warning: export.otlp.endpoint: port 4318 is OTLP over HTTP and this exporter "
      "speaks gRPC: use http://c:4317"}},
    {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "udp://c"}},
     [](auto& s) { return s.exporter->endpoint == "http://localhost:4317"; },
     {"OTEL_EXPORTER_OTLP_ENDPOINT: warning: ignored: export.otlp.endpoint: unknown scheme udp://, expected http:// or "
      "https://"}},
    {{{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}, [](auto& s) { return s.exporter.has_value(); }},
    {{{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}},
     [](auto& s) { return s.exporter.has_value(); },
     {"OTEL_EXPORTER_OTLP_PROTOCOL: warning: ignored: export.otlp.protocol: \"http/protobuf\" is not supported yet by "
      "this version"}},
    {{{"OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"}}, [](auto& s) { return s.exporter->gzip; }},
    {{{"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"}}, [](auto& s) { return s.exporter->timeout == 2500ms; }},
    {{{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}}, [](auto& s) { return s.exporter->timeout == 10min; }},  // 0 = no limit
    {{{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}},
     [](auto& s) { return s.exporter->timeout == 10s; },
     {"OTEL_EXPORTER_OTLP_TIMEOUT: warning: ignored: \"10s\" is not a number of milliseconds"}},
    {{{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"}}, [](auto& s) { return s.exporter->ca_file == "/ca.pem"; }},
    {{{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"}},
     [](auto& s) { return s.exporter.has_value(); },
     {"OTEL_EXPORTER_OTLP_CLIENT_KEY: warning: ignored: client certificates are not supported yet by this version"}},
    {{{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20x,k=v"}},
     [](auto& s) {
       return s.exporter->headers ==
              std::vector<std::pair<std::string, std::string>>{{"authorization", "Bearer x"}, {"k", "v"}};
     }},
    {{{"OTEL_BSP_SCHEDULE_DELAY", "5000"}}, [](auto& s) { return s.collect.delay == 5s; }},
    {{{"OTEL_BSP_SCHEDULE_DELAY", "-1"}},
     [](auto& s) { return s.collect.delay == 200ms; },
     {"OTEL_BSP_SCHEDULE_DELAY: warning: ignored: \"-1\" is not a number of milliseconds"}},
    {{{"OTEL_BSP_EXPORT_TIMEOUT", "30000"}}, [](auto& s) { return s.collect.retry_total == 30s; }},
    {{{"OTEL_BSP_MAX_QUEUE_SIZE", "2048"}}, [](auto& s) { return s.collect.queue_spans == 2048; }},
    {{{"OTEL_BSP_MAX_QUEUE_SIZE", "many"}},
     [](auto& s) { return s.collect.queue_spans == 65536; },
     {"OTEL_BSP_MAX_QUEUE_SIZE: warning: ignored: export.queue.spans: \"many\" is not a whole number"}},
    {{{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "64"}}, [](auto& s) { return s.collect.batch_spans == 64; }},
    {{{"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET,POST"}},
     [](auto& s) {
       return s.trace.known_methods == std::vector<std::string>{"GET", "POST"};
     }},
    // Ours.
    {{{"SIDESPAN_DRAIN_TIMEOUT", "3s"}}, [](auto& s) { return s.drain.timeout == 3s; }},
    {{{"SIDESPAN_TRACE_EXCLUDE", "/a, /b"}},
     [](auto& s) {
       return s.trace.exclude == std::vector<std::string>{"/a", "/b"};
     }},
    {{{"SIDESPAN_TRACE_EXCLUDE", "[\"/a,b\"]"}},
     [](auto& s) { return s.trace.exclude == std::vector<std::string>{"/a,b"}; }},
    {{{"SIDESPAN_TRACE_SAMPLER", "{ ratio: 0.5 }"}}, [](auto& s) { return sampler(s, false, root::ratio, 0.5); }},
    {{{"SIDESPAN_TRACE_CORRELATE_RUNGS", "off"}}, [](auto& s) { return !s.correlate.has_value(); }},
    {{{"SIDESPAN_VIEWER_DB", "x"}}, [](auto& s) { return s.viewer.has_value(); }},
    {{{"SIDESPAN_DRAIN_TIMEOT", "3s"}},
     [](auto& s) { return s.drain.timeout == 25s; },
     {"SIDESPAN_DRAIN_TIMEOT: warning: unknown variable, did you mean \"SIDESPAN_DRAIN_TIMEOUT\"?"}},
    {{{"SIDESPAN_SERVICE_HOST", "10.0.0.1"},
      {"SIDESPAN_SERVICE_PORT", "80"},
      {"SIDESPAN_PORT", "tcp://10.0.0.1:80"},
      {"SIDESPAN_PORT_80_TCP", "x"}},
     [](auto& s) { return s.service == "cart"; }},  // links of a Kubernetes Service called sidespan
};

}  // namespace

TEST_CASE("environment: variables mean what the specification says") {
  for (const row& each : rows) {
    std::string about;
    for (const auto& [name, text] : each.variables) about += name + "=" + text + " ";
    SECTION(about) {
      const config::outcome loaded = load(each.variables);
      CHECK(lines(loaded) == each.warnings);
      REQUIRE(loaded.settings.has_value());
      CHECK(each.holds(*loaded.settings));
    }
  }
}

TEST_CASE("environment: a wrong SIDESPAN_* variable is an error") {
  const config::outcome loaded = load({{"SIDESPAN_DRAIN_TIMEOUT", "3"}});
  CHECK_FALSE(loaded.settings.has_value());
  CHECK(lines(loaded) == std::vector<std::string>{"SIDESPAN_DRAIN_TIMEOUT: drain.timeout: \"3\" is not a duration: "
                                                  "write a number and a unit, like 250ms, 3s or 5m"});
}

TEST_CASE("environment: an ignored OTEL_* variable leaves what the file says") {
  const config::outcome loaded = load({{"OTEL_LOG_LEVEL", "loud"}}, "log: debug\n");
  REQUIRE(loaded.settings.has_value());
  CHECK(loaded.settings->log.level == base::log_level::debug);
}
