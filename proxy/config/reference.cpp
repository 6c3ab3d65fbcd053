// SPDX-License-Identifier: Apache-2.0
//
// The key table as a page for people.
#include <string>

#include "config/keys.hpp"
#include "config/schema.hpp"

namespace sidespan::config {
namespace {

constexpr std::string_view opening = R"(# Configuration

This page is made from the table of keys in the program (`sidespan config reference`); change it there.

The smallest file that works:

```yaml
service: cart
inbound:
  8080: localhost:3000          # listen on 8080, forward to the app
outbound:
  9001: http://catalog:8080     # the app calls http://localhost:9001
```

Without a file: `sidespan run --service cart --in 8080=localhost:3000 --out 9001=http://catalog:8080`.

- **Where the file is**: `--config FILE`, else `SIDESPAN_CONFIG`, else `sidespan.yaml` in the working directory, else `/etc/sidespan/sidespan.yaml`.
- **Who wins**: flag, then `SIDESPAN_*` variable, then `OTEL_*` variable, then file, then default. `sidespan config print` shows
  every value with its origin, `sidespan config defaults` what holds when nothing is said.
- **Mistakes** are reported all at once with file, line and column; `sidespan check` does only that, and exits with 2. A wrong
  `SIDESPAN_*` variable is a mistake like any other; a wrong `OTEL_*` variable is a warning and counts as unset.
- **Variables** in values: `${VAR}` (must be set), `${VAR:-default}`, `${VAR:?message}`; `$$` is one `$`. They are replaced after the
  YAML was read. Inside `{ }` and `[ ]` they need quotes.
- **YAML 1.2**: `no` and `yes` are words, not booleans; `on` and `off` are what switches take. A key given twice is a mistake.
- **Shorthand**: where a section names a key in "short for", a single value in its place means that key: `8080: localhost:3000`
  is `8080: { to: localhost:3000 }`.
- **Durations** are `250ms`, `3s`, `5m`, `1h`; **sizes** are bytes or `64KiB`, `512MiB`, `2GiB`.
- **Several listeners on port 0** need keys that differ: `127.0.0.1:0`, `127.0.0.2:0`.
- A change takes effect at SIGHUP without a restart ([operations.md](operations.md#reload)), except where it says otherwise.

With most of what there is:

```yaml
service: ${OTEL_SERVICE_NAME:-cart}
resource:
  deployment.environment.name: ${ENV:-dev}
  k8s.pod.name: ${POD_NAME:-}
inbound:
  8080:
    to: localhost:3000
    trust: all
    routes:
      - GET /carts/{id}
      - { match: "POST /carts/{id}/items", name: add-item, sample: 1.0, timeout: 5s }
outbound:
  9001: http://catalog:8080
  9002: { to: http://payments, name: payments, timeout: 3s }
  9000:
    routes:
      - { host: catalog.shop, to: "http://catalog:8080" }
      - { path: /users/, to: http://users:8080 }
  proxy: 127.0.0.1:7128
trace:
  sampler: { parent_based: { ratio: 1.0 } }
  exclude: [ "kube-probe/*", /healthz, /readyz, /metrics ]
export:
  otlp: "${COLLECTOR:-http://localhost:4317}"
log: { level: info, access: on }
drain: { delay: 0s, timeout: 25s }
limits: { workers: 1, connections: 10000, header_bytes: 64KiB }
```
)";

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

/// A vertical bar ends a cell of the table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string type_of(const key& row) {
  switch (row.kind) {
    case kind::toggle:
      return "on or off";
    case kind::integer:
      return "number";
    case kind::ratio:
      return "ratio";
    case kind::duration:
      return "duration";
    case kind::size:
      return "size";
    case kind::choice:
      return "word";
    case kind::networks:
      return "word or list of networks";
    case kind::list:
      return "list";
    case kind::endpoint:
      return "URL";
    case kind::upstream:
      return "host:port or URL";
    case kind::listen:
      return "port or address:port";
    case kind::host:
      return "host name";
    case kind::prefix:
      return "path";
    case kind::output:
      return "word or file";
    case kind::match:
      return "method and path";
    case kind::field:
      return "field name";
    case kind::sampler:
      return "sampler";
    default:
      return "text";
  }
}

std::string values_of(const key& row) {
  std::string out;
  if (row.range.find("..") != std::string_view::npos) out = code(row.range);
  std::string words;
  if (out.empty()) words = row.range;
  if (!row.words.empty()) words += (words.empty() ? "" : "|") + std::string(row.words);
  for (const std::string_view word : split(words, '|')) out += (out.empty() ? "" : ", ") + code(word);
  return out;
}

std::string variables_of(const key& row) {
  const std::string ours = variable_of(row);
  std::string out = ours.empty() ? "" : code(ours);
  if (!row.otel.empty()) out += (out.empty() ? "" : ", ") + code(row.otel);
  return out;
}

/// `inbound.*.routes.#.match` as people know it: `inbound.PORT.routes[].match`.
std::string readable(std::string_view path) {
  std::string out;
  for (const std::string_view part : split(path, '.')) {
    if (part == "#") {
      out += "[]";
      continue;
    }
    const bool port = out == "inbound" || out == "outbound";
    out += (out.empty() ? "" : ".") + std::string(part == "*" ? (port ? "PORT" : "NAME") : part);
  }
  return out;
}

void line_of(const key& row, std::string& out) {
  std::string doc(row.doc);
  if (!row.shorthand.empty()) doc += " Short for " + code(row.shorthand) + ".";
  if (row.restart) doc += is_group(row) ? " Changes here and below need a restart." : " A change needs a restart.";
  const std::string type = is_group(row) ? (row.kind == kind::section ? "section" : "entry") : type_of(row);
  const std::string preset = row.preset.empty() ? "" : code(row.preset);
  out += "| " + code(readable(row.path)) + " | " + type + " | " + cell(preset) + " | " + cell(values_of(row)) + " | " +
         variables_of(row) + " | " + cell(doc) + " |\n";
}

void lines_below(const key& parent, std::string& out) {
  for (const key* row : rows_below(&parent)) {
    line_of(*row, out);
    if (is_group(*row)) lines_below(*row, out);
  }
}

}  // namespace

std::string reference() {
  std::string out(opening);
  for (const key* top : rows_below(nullptr)) {
    out += "\n## " + std::string(top->path) + "\n\n" + std::string(top->doc) + "\n\n";
    out += "| key | type | default | values | variables | meaning |\n|---|---|---|---|---|---|\n";
    line_of(*top, out);
    lines_below(*top, out);
  }
  out += R"(
## More OTEL_* variables

| variable | meaning here |
|---|---|
| `OTEL_EXPORTER_OTLP_TRACES_*` | As `OTEL_EXPORTER_OTLP_*`, and stronger. |
| `OTEL_EXPORTER_OTLP_INSECURE` | `true`: an endpoint variable without a scheme is `http://`, else `https://`. |
| `OTEL_RESOURCE_ATTRIBUTES` | Adds to `resource`; its `service.name` is `service`. One bad element, and all are ignored. |
| `OTEL_EXPORTER_OTLP_HEADERS` | Adds to `export.otlp.headers`. |
| `OTEL_TRACES_SAMPLER_ARG` | The ratio of a sampler variable with `traceidratio`. |
| `OTEL_TRACES_EXPORTER` | `none`: spans are not exported; `otlp` is the default. |
| `OTEL_SDK_DISABLED` | `true`: spans are not exported; context is still passed on. |

Numbers without a unit are milliseconds in `OTEL_*` variables. Empty is unset.
)";
  return out;
}

}  // namespace sidespan::config
