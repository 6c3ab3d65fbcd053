// SPDX-License-Identifier: Apache-2.0
//
// The page as a whole: which view the URL asks for, the search box, the live connection and the footer.

import {get, listen} from "./api.js";
import {h, replace} from "./dom.js";
import {bytes, count} from "./format.js";
import {listView} from "./list.js";
import {traceView} from "./trace.js";

const main = document.getElementById("main");
const find = document.getElementById("find-text");
let view = null;

export function go(url, {keep = false} = {}) {
  if (keep) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  if (!keep) show();
}

function show() {
  view?.close();
  const trace = location.pathname.match(/^\/trace\/([0-9a-fA-F]{32})\/?$/);
  const parameters = new URLSearchParams(location.search);
  find.value = trace ? "" : parameters.get("q") ?? "";
  main.replaceChildren();
  if (trace) {
    view = traceView(main, trace[1].toLowerCase(), go);
  } else if (location.pathname === "/") {
    view = listView(main, go);
  } else {
    view = null;
    document.title = "Not found · sidespan";
    replace(main, h("div.notice", {}, h("h1", {}, "There is no such page"), h("p", {}, h("a", {href: "/", "data-route": true}, "All traces"))));
  }
}

function traceIdIn(text) {
  const match = text.trim().match(/^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-([0-9a-f]{16})-[0-9a-f]{2}.*)?$/i);
  return match && {trace: match[1].toLowerCase(), span: match[2]?.toLowerCase()};
}

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const ids = traceIdIn(find.value);
  if (ids) return go(`/trace/${ids.trace}` + (ids.span ? `?span=${ids.span}` : ""));
  const parameters = location.pathname === "/" ? new URLSearchParams(location.search) : new URLSearchParams();
  if (find.value.trim()) parameters.set("q", find.value.trim());
  else parameters.delete("q");
  go("/" + (parameters.size ? `?${parameters}` : ""));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-route]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    find.focus();
    find.select();
  } else if (event.key === "Escape" && typing) {
    event.target.blur();
  }
});

addEventListener("popstate", show);

function footer(stats) {
  const lost = stats.dropped_traces + stats.dropped_spans;
  replace(document.getElementById("footer"),
    h("span", {"data-stat": "kept"}, `${count(stats.traces, "trace")}, ${count(stats.spans, "span")}`),
    h("span", {}, `${bytes(stats.bytes)} of ${bytes(stats.max_bytes)}`),
    h("span", {"data-stat": "dropped", "data-dropped": lost, class: lost ? "warn" : null},
      lost ? `dropped: ${count(stats.dropped_traces, "trace")}, ${count(stats.dropped_spans, "span")}` : "nothing dropped"),
    stats.problem && h("span.bad", {role: "alert"}, `store: ${stats.problem}`));
}

let greeted = false;
const words = {live: "live", connecting: "connecting…", paused: "paused"};
listen({
  state(state) {
    const element = document.getElementById("live");
    element.dataset.live = state;
    element.querySelector("span").textContent = words[state];
  },
  // Anything may have happened while the connection was away.
  hello() {
    if (greeted) view?.refresh?.();
    greeted = true;
    get("/api/stats").then(footer, () => {});
  },
  trace(summary) { view?.trace?.(summary); },
  more() { view?.refresh?.(); },
  stats: footer,
});
show();
