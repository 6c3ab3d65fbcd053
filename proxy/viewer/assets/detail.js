// SPDX-License-Identifier: Apache-2.0
//
// The panel of the selected span: how it came to its parent, what else the parent may be, and everything the span says about itself.

import {h} from "./dom.js";
import {duration, slot, stamp} from "./format.js";
import {percent} from "./waterfall.js";

const explained = {
  traceparent: "the caller forwarded a trace context",
  header: "the caller forwarded a correlation id that belongs to exactly one request",
  shim: "the runtime marked the call with its request",
  kernel: "the thread that made the call had last read that request",
  exclusive: "it was the only request in flight when the call was made",
  value: "both share a rare value",
  candidates: "several requests were in flight; it is one of the candidates",
  none: "no request was in flight: the call has no parent",
};

export function panel(row, {id, pick, has}) {
  const {span} = row;
  return [
    h("header", {},
      h("h2", {}, span.name || "(no name)"),
      h("div.tags", {},
        h("span.chip", {"data-slot": slot(span.service)}, span.service),
        h("span.tag", {}, span.kind.toLowerCase()),
        h("span.tag", {"data-status": span.status, class: `tag ${span.status}`}, span.status === "error" ? "✕ error" : span.status))),
    span.status_message && h("p.message", {}, span.status_message),
    h("dl.times", {},
      pair("Takes", duration(row.length)), pair("Starts", `+${duration(row.from)}`), pair("At", stamp(span.start_unix_nano))),
    parent(row, id, pick, has),
    table("Attributes", span.attributes, true),
    span.events.length > 0 && section("Events", span.events.map((event) =>
      h("div.event", {}, h("div.event-head", {}, h("strong", {}, event.name), h("span", {}, offset(event, row))), attributes(event.attributes)))),
    others(row, id, pick, has),
    table("Resource", span.resource),
    section("Identity", h("table.attributes", {}, h("tbody", {},
      line("span id", span.span_id), line("parent span id", span.parent_span_id || "none"), line("trace id", id),
      line("flags", `0x${span.flags.toString(16).padStart(2, "0")}`), span.trace_state && line("tracestate", span.trace_state),
      line("scope", span.scope || "none")))),
  ];
}

function pair(name, text) { return h("div", {}, h("dt", {}, name), h("dd", {}, text)); }

function offset(event, row) {
  const at = Number(BigInt(event.time_unix_nano) - row.start);
  return at < 0 ? `−${duration(-at)}` : `+${duration(at)}`;
}

function section(title, ...content) { return h("section", {}, h("h3", {}, title), content); }

function spanLink(traceId, spanId, here, text, pick, has) {
  const local = traceId === here;
  return h("a", {
    href: `/trace/${traceId}?span=${spanId}`, "data-route": local && has(spanId) ? null : true, "data-to-span": spanId,
    onclick: (event) => {
      if (!local || !has(spanId) || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      pick(spanId);
    }}, text);
}

function parent(row, id, pick, has) {
  const {span, evidence, candidates} = row;
  const above = row.parent && h("div.to", {}, spanLink(id, row.parent.span.span_id, id, row.parent.span.name || row.parent.span.span_id, pick, has), h("span.from", {}, row.parent.span.service));
  const words = [];
  if (row.orphan) words.push(h("p", {}, "Its parent ", h("code", {}, span.parent_span_id), " has not arrived."));
  if (evidence) {
    words.push(h("p", {}, h("span.badge", {class: evidence.inferred ? "badge inferred" : "badge", "data-method": evidence.method}, evidence.method),
      evidence.confidence !== null && h("span.sure", {"data-confidence": evidence.confidence}, `confidence ${percent(evidence.confidence)}`)));
    if (explained[evidence.method]) words.push(h("p.hint", {}, explained[evidence.method]));
  }
  const list = candidates.length > 0 && [
    h("h4", {}, "Candidates"),
    h("ul.candidates", {}, candidates.map((item) => h("li", {"data-candidate": item.spanId},
      spanLink(item.traceId, item.spanId, id, nameOf(item, id, has), pick, has),
      item.confidence !== null && h("span.sure", {}, percent(item.confidence)))))];
  if (!above && words.length === 0 && !list) return null;
  const title = row.link === "inferred" ? "Parent, inferred" : row.link === "forwarded" ? "Parent, forwarded" : "Parent";
  return h("section.parent", {"data-link": row.link}, h("h3", {}, title), above, words, list);
}

function nameOf({traceId, spanId}, id, has) {
  if (traceId !== id) return `${traceId.slice(0, 8)}… / ${spanId}`;
  const row = has(spanId);
  return row ? `${row.span.service} ${row.span.name}` : spanId;
}

function others(row, id, pick, has) {
  const links = row.span.links.filter((link) => link.attributes["sidespan.link.type"] !== "candidate_parent");
  return links.length > 0 && section("Links", links.map((link) => h("div.event", {},
    spanLink(link.trace_id, link.span_id, id, `${link.trace_id.slice(0, 8)}… / ${link.span_id}`, pick, has), attributes(link.attributes))));
}

function table(title, values, always = false) {
  const empty = Object.keys(values).length === 0;
  if (empty && !always) return null;
  return section(title, empty ? h("p.hint", {}, "none") : attributes(values));
}

function attributes(values) {
  const keys = Object.keys(values);
  return keys.length > 0 && h("table.attributes", {}, h("tbody", {}, keys.sort().map((key) => line(key, values[key]))));
}

// Names may break behind their dots and underscores.
function breakable(name) {
  return name.split(/(?<=[._])/).flatMap((part, index) => index ? [h("wbr"), part] : [part]);
}

function line(key, value) {
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const text = type === "object" || type === "array" ? JSON.stringify(value, null, 1) : String(value);
  return h("tr", {"data-key": key}, h("th", {scope: "row"}, breakable(key)), h("td", {"data-type": type}, text));
}
