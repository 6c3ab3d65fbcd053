// SPDX-License-Identifier: Apache-2.0
//
// The list of traces: filters that live in the URL, rows that come in live, and what to do while there are none.

import {get} from "./api.js";
import {h, replace} from "./dom.js";
import {ago, count, duration, slot, stamp} from "./format.js";

const names = ["service", "status", "min_ms", "max_ms", "q"];
const page = 200;

export function listView(main, go) {
  document.title = "Traces · sidespan";
  const parameters = new URLSearchParams(location.search);
  const filter = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""]));
  const traces = new Map();
  let total = 0;
  let closed = false;
  let request = null;
  let pending = 0;
  let drawing = 0;

  const services = h("select", {id: "filter-service", onchange: () => change("service", services.value)}, h("option", {value: ""}, "All services"));
  const status = h("select", {id: "filter-status", onchange: () => change("status", status.value)},
    h("option", {value: ""}, "Any status"), h("option", {value: "error"}, "With errors"), h("option", {value: "ok"}, "Without errors"));
  const number = (name, label) => h("input", {
    id: `filter-${name}`, type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: label, "aria-label": `${label} duration in milliseconds`,
    value: filter[name], onchange: (event) => change(name, event.target.value)});
  const least = number("min_ms", "min"), most = number("max_ms", "max");
  const result = h("span.result", {role: "status", "data-total": 0});
  const rows = h("tbody");
  const table = h("table.traces", {"aria-label": "Traces, newest first"},
    h("thead", {}, h("tr", {}, ["Trace", "Services", "Started", "Spans", "Duration"].map((name) => h("th", {scope: "col"}, name)))), rows);
  const body = h("div.body", {}, table);
  status.value = filter.status;

  replace(main,
    h("div.filters", {role: "group", "aria-label": "Filters"},
      h("label", {}, h("span.visually-hidden", {}, "Service"), services),
      h("label", {}, h("span.visually-hidden", {}, "Status"), status),
      h("span.range", {}, least, h("span", {"aria-hidden": "true"}, "–"), most, h("span.unit", {}, "ms")),
      filtered() && h("button.quiet", {type: "button", "data-clear": true, onclick: () => go("/")}, "Clear filters"),
      result),
    body);

  function filtered() { return names.some((name) => filter[name]); }

  function change(name, value) {
    filter[name] = value;
    const next = new URLSearchParams();
    for (const key of names) if (filter[key]) next.set(key, filter[key]);
    go("/" + (next.size ? `?${next}` : ""));
    document.getElementById(`filter-${name}`)?.focus();
  }

  async function refresh() {
    request?.abort();
    request = new AbortController();
    const query = new URLSearchParams({limit: page});
    for (const name of names) if (filter[name]) query.set(name, filter[name]);
    try {
      const [list, known] = await Promise.all([get(`/api/traces?${query}`, request.signal), get("/api/services", request.signal)]);
      if (closed) return;
      traces.clear();
      for (const item of list.traces) traces.set(item.trace_id, item);
      total = list.total;
      fillServices(known.services);
      draw();
    } catch (problem) {
      if (closed || problem.name === "AbortError") return;
      result.textContent = "";
      replace(body, h("div.notice", {role: "alert"}, h("h1", {}, "That did not work"), h("p", {}, problem.message)));
    }
  }

  function fillServices(list) {
    const seen = new Set(list.map((item) => item.name));
    if (filter.service && !seen.has(filter.service)) list.unshift({name: filter.service, spans: 0});
    const same = services.options.length === list.length + 1 && list.every((item, index) => services.options[index + 1].value === item.name);
    if (!same) replace(services, h("option", {value: ""}, "All services"), list.map((item) => h("option", {value: item.name}, item.name)));
    services.value = filter.service;
  }

  function fits(item) {
    const ms = item.duration_ns / 1e6;
    if (filter.service && !item.services.includes(filter.service)) return false;
    if (filter.status && (filter.status === "error") !== (item.error_count > 0)) return false;
    if (filter.min_ms && ms < Number(filter.min_ms)) return false;
    return !(filter.max_ms && ms > Number(filter.max_ms));
  }

  // What a search text finds only the store can say; everything else is decided here, at once.
  function trace(item) {
    const fresh = item.services.some((name) => ![...services.options].some((option) => option.value === name));
    if (filter.q || fresh) {
      if (!pending) pending = setTimeout(() => { pending = 0; refresh(); }, filter.q ? 1000 : 100);
      if (filter.q) return;
    }
    const known = traces.has(item.trace_id);
    if (fits(item)) {
      traces.set(item.trace_id, item);
      if (!known) ++total;
    } else if (known) {
      traces.delete(item.trace_id);
      --total;
    }
    if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; if (!closed) draw(); });
  }

  function draw() {
    const newest = [...traces.values()].sort((a, b) => compare(b.start_unix_nano, a.start_unix_nano)).slice(0, page);
    if (newest.length < traces.size) {
      traces.clear();
      for (const item of newest) traces.set(item.trace_id, item);
    }
    result.dataset.total = total;
    result.textContent = total > newest.length ? `newest ${newest.length} of ${count(total, "trace")}` : count(total, "trace");
    if (newest.length === 0) return empty();
    if (!table.isConnected) replace(body, table);
    const longest = Math.max(...newest.map((item) => item.duration_ns), 1);
    reconcile(newest, longest);
  }

  // Rows are kept and moved, not made anew: focus and selection survive what comes in.
  function reconcile(newest, longest) {
    const old = new Map([...rows.children].map((row) => [row.dataset.traceId, row]));
    let place = rows.firstElementChild;
    for (const item of newest) {
      const mark = `${item.duration_ns}/${item.span_count}/${item.error_count}/${item.root_name}/${longest}`;
      let row = old.get(item.trace_id);
      old.delete(item.trace_id);
      if (row && row.mark !== mark) {
        const next = makeRow(item, longest);
        const focused = row.contains(document.activeElement);
        if (row === place) place = next;
        row.replaceWith(next);
        if (focused) next.querySelector("a").focus();
        row = next;
      } else if (!row) {
        row = makeRow(item, longest);
        row.classList.add("fresh");
      }
      row.mark = mark;
      if (row === place) place = place.nextElementSibling;
      else rows.insertBefore(row, place);
    }
    for (const row of old.values()) row.remove();
  }

  function makeRow(item, longest) {
    const url = `/trace/${item.trace_id}`;
    const shown = item.services.slice(0, 4);
    return h("tr", {
      "data-trace-id": item.trace_id, "data-error": item.error_count > 0, "data-services": item.services.join(" "),
      onclick: (event) => { if (!event.target.closest("a") && !String(getSelection())) go(url); }},
      h("td.what", {}, h("a", {href: url, "data-route": true},
        h("span.name", {}, item.root_name || "(no name)"),
        h("span.from", {}, item.root_service))),
      h("td.services", {}, shown.map((name) => h("span.chip", {"data-slot": slot(name)}, name)), item.services.length > shown.length && h("span.chip.rest", {}, `+${item.services.length - shown.length}`)),
      h("td.when", {title: stamp(item.start_unix_nano), "data-start": item.start_unix_nano}, ago(item.start_unix_nano)),
      h("td.spans", {}, String(item.span_count), item.error_count > 0 && h("span.errors", {title: count(item.error_count, "error")}, `${item.error_count} ✕`, h("span.visually-hidden", {}, " errors"))),
      h("td.duration", {"data-ns": item.duration_ns},
        h("span.meter", {"aria-hidden": "true"}, h("i", {place: {width: `${Math.max(0.5, 100 * item.duration_ns / longest)}%`}})),
        h("span", {}, duration(item.duration_ns))));
  }

  function empty() {
    if (filtered()) {
      return replace(body, h("div.notice", {"data-empty": "filter"}, h("h1", {}, "No trace fits these filters"),
        h("p", {}, "New traces that fit will show up here."),
        h("button", {type: "button", onclick: () => go("/")}, "Clear filters")));
    }
    if (body.firstElementChild?.dataset.empty === "store") return;
    get("/api/about").then((about) => {
      if (closed || traces.size) return;
      const copy = h("button.quiet", {type: "button", onclick: () => navigator.clipboard?.writeText(about.command).then(() => { copy.textContent = "copied"; })}, "copy");
      replace(body, h("div.notice.first", {"data-empty": "store"},
        h("div.pulse", {"aria-hidden": "true"}, h("i"), h("i"), h("i")),
        h("h1", {}, "waiting for the first span…"),
        h("p", {}, "Send a request through sidespan, for instance:"),
        h("div.command", {}, h("code", {"data-command": true}, about.command), copy),
        h("p.hint", {}, "Spans are received over OTLP/gRPC at ", h("code", {}, about.otlp), ".")));
    }, () => {});
  }

  const ticking = setInterval(() => {
    for (const cell of rows.querySelectorAll("td.when")) cell.textContent = ago(cell.dataset.start);
  }, 5000);

  refresh();
  return {trace, refresh, close() { closed = true; clearInterval(ticking); clearTimeout(pending); request?.abort(); }};
}

function compare(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
