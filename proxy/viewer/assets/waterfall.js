// SPDX-License-Identifier: Apache-2.0
//
// The waterfall as a treegrid: one row per span, bars on a common time axis. Large traces keep only the rows in sight in the document. Keys:
// up, down, home, end, page up and down move; left closes a span or goes to its parent, right opens it or goes to its first child.

import {h, replace} from "./dom.js";
import {duration, slot} from "./format.js";

const rowHeight = 30;
const whole = 400;    // up to this many rows all are in the document, so that the browser's own search finds them
const overscan = 20;
const room = 180;     // pixels for the indent of the deepest span

export function waterfall(tree, {select: selected}) {
  const closedSpans = new Set();
  let rows = [];
  let visible = [];
  let index = new Map();
  let current = null;
  let step = 16;        // pixels a level moves to the right
  const drawn = new Map();

  const axis = h("div.axis", {role: "columnheader"});
  const list = h("div.rows", {role: "rowgroup"});
  const scroll = h("div.scroll", {}, list);
  const element = h("section.waterfall", {role: "treegrid", "aria-label": "Spans of the trace"},
    h("div.heading", {role: "rowgroup"}, h("div.line", {role: "row"}, h("div.label", {role: "columnheader"}, "Service and operation"), axis)), scroll);

  function update(next) {
    rows = next.rows;
    const deepest = rows.reduce((most, row) => Math.max(most, row.depth), 1);
    step = Math.min(16, Math.max(4, Math.floor(room / deepest)));
    replace(axis, [0, 0.25, 0.5, 0.75, 1].map((share) => h("span", {place: {left: `${share * 100}%`}}, share === 0 ? "0" : duration(next.length * share))));
    drawn.forEach((row) => row.remove());
    drawn.clear();
    layout();
  }

  function layout() {
    visible = [];
    let hiddenBelow = Infinity;
    for (const row of rows) {
      if (row.depth > hiddenBelow) continue;
      hiddenBelow = closedSpans.has(row.span.span_id) ? row.depth : Infinity;
      visible.push(row);
    }
    index = new Map(visible.map((row, position) => [row.span.span_id, position]));
    list.style.height = `${visible.length * rowHeight}px`;
    element.setAttribute("aria-rowcount", visible.length + 1);
    draw();
  }

  function draw() {
    const all = visible.length <= whole;
    const first = all ? 0 : Math.max(0, Math.floor(scroll.scrollTop / rowHeight) - overscan);
    const last = all ? visible.length : Math.min(visible.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / rowHeight) + overscan);
    const keep = new Set();
    for (let i = first; i < last; ++i) keep.add(visible[i].span.span_id);
    for (const [id, row] of drawn) {
      if (!keep.has(id) && !row.contains(document.activeElement)) { row.remove(); drawn.delete(id); }
    }
    for (let i = first; i < last; ++i) {
      const id = visible[i].span.span_id;
      if (!drawn.has(id)) {
        const row = make(visible[i]);
        drawn.set(id, row);
        const before = i + 1 < visible.length ? drawn.get(visible[i + 1].span.span_id) : null;
        list.insertBefore(row, before ?? null);
      }
      drawn.get(id).style.top = `${i * rowHeight}px`;
      drawn.get(id).setAttribute("aria-rowindex", i + 2);
    }
    mark();
  }

  function mark() {
    for (const [id, row] of drawn) {
      row.setAttribute("aria-selected", id === current);
      row.tabIndex = id === current ? 0 : -1;
    }
  }

  function make(row) {
    const {span} = row;
    const open = !closedSpans.has(span.span_id);
    const parents = row.children.length > 0;
    return h("div.line", {
      role: "row", "aria-level": row.depth + 1, "aria-expanded": parents ? open : null,
      "data-span-id": span.span_id, "data-parent-span-id": span.parent_span_id, "data-depth": row.depth,
      "data-offset": row.offset.toFixed(6), "data-width": row.width.toFixed(6), "data-error": row.error,
      "data-link": row.link, "data-orphan": row.orphan ? "true" : null, "data-candidates": row.candidates.length || null,
      "data-kind": span.kind, "data-service": span.service, "data-slot": slot(span.service),
      onclick: (event) => { if (!event.target.closest(".toggle")) select(span.span_id, {focus: true}); }},
      h("div.label", {role: "gridcell"}, guides(row),
        parents
          ? h("button.toggle", {type: "button", tabindex: -1, "aria-label": open ? "Close" : "Open", onclick: () => toggle(row)}, open ? "▾" : "▸")
          : h("span.toggle.none"),
        row.error && h("span.error-mark", {title: span.status_message || "error", role: "img", "aria-label": "error"}, "✕"),
        h("span.service", {}, span.service), h("span.name", {title: span.name}, span.name), badges(row)),
      h("div.time", {role: "gridcell", "aria-label": `starts at ${duration(row.from)}, takes ${duration(row.length)}`}, bar(row)));
  }

  function guides(row) {
    const depth = Math.min(row.depth, Math.floor(room / step));
    const out = [];
    let ancestor = row.parent;
    for (let level = depth - 1; level > 0 && ancestor; --level, ancestor = ancestor.parent) {
      if (!ancestor.last) out.push(h("i.guide", {place: {left: `${(level - 1) * step + 9}px`}}));
    }
    if (depth > 0) {
      const left = `${(depth - 1) * step + 9}px`;
      if (!row.last) out.push(h("i.guide", {place: {left}}));
      out.push(h("i.link", {"data-link": row.link, place: {left}}));
    }
    out.push(h("i.indent", {place: {width: `${depth * step}px`}}));
    return out;
  }

  function badges(row) {
    const sure = row.evidence?.confidence;
    const share = sure === null || sure === undefined ? "" : ` ${percent(sure)}`;
    return [
      row.link === "inferred" && h("span.badge.inferred", {title: `the link to the parent was inferred by “${row.evidence.method}”`}, `≈ ${row.evidence.method}${share}`),
      row.link === null && row.candidates.length > 0 && h("span.badge.unsure", {title: "the parent is unknown; these may be it"}, `? ${row.candidates.length} candidates`),
      row.orphan && h("span.badge.orphan", {title: `its parent ${row.span.parent_span_id} is not in this trace`}, "parent missing"),
      row.skewed && h("span.badge.skew", {title: "starts before its parent: the clocks of the two hosts differ"}, "clock skew"),
    ];
  }

  function bar(row) {
    const right = row.offset + row.width;
    const place = right < 0.82 ? {left: `calc(${right * 100}% + 6px)`} : row.offset > 0.18 ? {right: `calc(${(1 - row.offset) * 100}% + 6px)`} : {left: `calc(${row.offset * 100}% + 8px)`};
    return [
      h("span.bar", {place: {left: `${row.offset * 100}%`, width: `${row.width * 100}%`}}),
      row.length > 0 && row.span.events.slice(0, 20).map((event) => {
        const share = row.offset + row.width * Math.min(1, Math.max(0, Number(BigInt(event.time_unix_nano) - row.start) / row.length));
        return h("i.event", {title: event.name, place: {left: `${share * 100}%`}});
      }),
      h("span.took", {place, class: right >= 0.82 && row.offset <= 0.18 ? "inside" : null}, duration(row.length)),
    ];
  }

  function toggle(row, open = closedSpans.has(row.span.span_id)) {
    if (open) closedSpans.delete(row.span.span_id);
    else closedSpans.add(row.span.span_id);
    const old = drawn.get(row.span.span_id);
    const focused = old?.contains(document.activeElement);
    old?.remove();
    drawn.delete(row.span.span_id);
    layout();
    if (focused) drawn.get(row.span.span_id)?.focus();
  }

  function reveal(id) {
    const row = rows.find((item) => item.span.span_id === id);
    if (!row) return null;
    let hidden = false;
    for (let parent = row.parent; parent; parent = parent.parent) {
      if (!closedSpans.delete(parent.span.span_id)) continue;
      hidden = true;
      drawn.get(parent.span.span_id)?.remove();
      drawn.delete(parent.span.span_id);
    }
    if (hidden) layout();
    return row;
  }

  function select(id, {focus = false, quiet = false} = {}) {
    const row = reveal(id);
    if (!row) return;
    current = id;
    const top = index.get(id) * rowHeight;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + rowHeight > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + rowHeight - scroll.clientHeight;
    draw();
    if (focus) drawn.get(id)?.focus({preventScroll: true});
    selected(row, {quiet});
  }

  function move(event) {
    const at = index.get(current);
    if (at === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = visible[at];
    const sight = Math.max(1, Math.floor(scroll.clientHeight / rowHeight) - 1);
    const closed = closedSpans.has(current);
    const go = (position) => select(visible[Math.max(0, Math.min(visible.length - 1, position))].span.span_id, {focus: true});
    const keys = {
      ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1), Home: () => go(0), End: () => go(visible.length - 1),
      PageDown: () => go(at + sight), PageUp: () => go(at - sight), j: () => go(at + 1), k: () => go(at - 1),
      ArrowRight: () => row.children.length === 0 ? null : closed ? toggle(row) : go(at + 1),
      ArrowLeft: () => row.children.length > 0 && !closed ? toggle(row) : row.parent && go(index.get(row.parent.span.span_id)),
      Enter: () => go(at), " ": () => row.children.length > 0 && toggle(row),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  let waiting = 0;
  const redraw = () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); }); };
  scroll.addEventListener("scroll", redraw, {passive: true});
  list.addEventListener("keydown", move);
  const sized = new ResizeObserver(redraw);
  sized.observe(scroll);
  update(tree);
  return {
    element, update, select,
    has: (id) => rows.find((row) => row.span.span_id === id),
    close() { sized.disconnect(); cancelAnimationFrame(waiting); },
  };
}

export function percent(share) {
  // Never rounded up to certainty.
  const value = Math.floor(share * 1000) / 10;
  return `${share >= 1 ? 100 : value} %`;
}
