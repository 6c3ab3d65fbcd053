// SPDX-License-Identifier: Apache-2.0
//
// One trace: its summary, the waterfall and the panel of the selected span. The span in the URL and the selected one are the same.

import {get} from "./api.js";
import {panel} from "./detail.js";
import {h, replace} from "./dom.js";
import {count, duration, slot, stamp} from "./format.js";
import {build} from "./tree.js";
import {waterfall} from "./waterfall.js";

export function traceView(main, id, go) {
  let closed = false;
  let request = null;
  let pending = 0;
  let shown = 0;
  let grid = null;
  let aside = null;

  const wanted = () => new URLSearchParams(location.search).get("span");
  document.title = `Trace ${id.slice(0, 8)} · sidespan`;
  replace(main, h("div.notice.quiet", {role: "status"}, "loading…"));

  async function refresh() {
    request?.abort();
    request = new AbortController();
    try {
      const trace = await get(`/api/traces/${id}`, request.signal);
      if (!closed) draw(trace);
    } catch (problem) {
      if (closed || problem.name === "AbortError" || (grid && problem.status !== 404)) return;
      grid = null;
      replace(main, h("div.notice", {"data-missing": id, role: "alert"},
        h("h1", {}, problem.status === 404 ? "This trace is not here" : "That did not work"), h("p", {}, problem.message),
        h("p", {}, h("a", {href: "/", "data-route": true}, "All traces"))));
    }
  }

  function draw(trace) {
    const tree = build(trace.spans);
    shown = trace.spans.length;
    const root = tree.rows[0];
    document.title = `${root ? root.span.name : id.slice(0, 8)} · sidespan`;
    if (!grid) {
      const head = h("div.summary");
      aside = h("aside.panel", {"aria-label": "Selected span", tabindex: -1});
      grid = waterfall(tree, {select});
      grid.head = head;
      replace(main, head, h("div.split", {}, grid.element, aside));
    } else {
      grid.update(tree);
    }
    summarise(trace, tree);
    const target = tree.rows.find((row) => row.span.span_id === wanted()) ?? root;
    if (target) grid.select(target.span.span_id, {quiet: true});
  }

  function summarise(trace, tree) {
    const services = new Map();
    for (const row of tree.rows) services.set(row.span.service, (services.get(row.span.service) ?? 0) + 1);
    const errors = tree.rows.filter((row) => row.error).length;
    const inferred = tree.rows.filter((row) => row.link === "inferred").length;
    const orphans = tree.rows.filter((row) => row.orphan).length;
    const root = tree.rows[0]?.span;
    const copy = h("button.id", {type: "button", title: "Copy the trace id", onclick: () => navigator.clipboard?.writeText(id).then(() => { copy.dataset.copied = "yes"; setTimeout(() => delete copy.dataset.copied, 1200); })}, id);
    const fact = (name, text, extra) => h("div.fact", {"data-fact": name, ...extra}, h("dt", {}, name), h("dd", {}, text));
    replace(grid.head,
      h("div.title", {},
        h("a.back", {href: "/", "data-route": true, "aria-label": "All traces"}, "←"),
        h("h1", {}, root ? root.name : "(empty trace)"), root && h("span.chip", {"data-slot": slot(root.service)}, root.service), copy),
      h("dl.facts", {},
        fact("Duration", duration(tree.length)),
        fact("Spans", trace.spans_total > shown ? `first ${shown.toLocaleString("en")} of ${trace.spans_total.toLocaleString("en")}` : String(shown)),
        fact("Services", String(services.size)),
        fact("Errors", String(errors), {class: errors ? "fact bad" : "fact"}),
        inferred > 0 && fact("Inferred links", String(inferred)),
        orphans > 0 && fact("Without parent here", String(orphans)),
        root && fact("Started", stamp(tree.start))),
      h("div.legend", {},
        [...services].slice(0, 12).map(([name, spans]) => h("span.chip", {"data-slot": slot(name), title: count(spans, "span")}, name)),
        services.size > 12 && h("span.chip.rest", {}, `+${services.size - 12}`),
        inferred > 0 && h("span.key", {}, h("i.dash", {"aria-hidden": "true"}), "inferred link"),
        inferred > 0 && h("span.key", {}, h("i", {"aria-hidden": "true"}), "forwarded link")));
  }

  function select(row, {quiet = false} = {}) {
    replace(aside, panel(row, {
      id, pick: (spanId) => grid.select(spanId, {focus: true}), has: (spanId) => grid.has(spanId)}));
    aside.scrollTop = 0;
    if (!quiet && wanted() !== row.span.span_id) go(`/trace/${id}?span=${row.span.span_id}`, {keep: true});
  }

  refresh();
  return {
    trace(summary) {
      if (summary.trace_id !== id || pending) return;
      pending = setTimeout(() => { pending = 0; refresh(); }, shown > 5000 ? 3000 : 300);
    },
    refresh,
    close() { closed = true; clearTimeout(pending); request?.abort(); grid?.close(); },
  };
}
