// SPDX-License-Identifier: Apache-2.0
//
// From the spans of a trace to the rows of a waterfall: order, depth, position, kind of link. Pure, and safe on any input: missing parents,
// cycles, children that start before their parents.

const forwarded = new Set(["traceparent", "header"]);

// How a span came to its parent: {method, confidence, inferred}; null for a span that does not say.
export function evidence(span) {
  const method = span.attributes["sidespan.parent.method"];
  if (typeof method !== "string" || method === "") return null;
  const confidence = span.attributes["sidespan.parent.confidence"];
  const inferred = !forwarded.has(method) && method !== "none";
  return {method, confidence: typeof confidence === "number" ? confidence : null, inferred};
}

// The spans that may be the parent, when nobody knows: [{traceId, spanId, confidence}].
export function candidates(span) {
  return span.links
    .filter((link) => link.attributes["sidespan.link.type"] === "candidate_parent")
    .map((link) => {
      const confidence = link.attributes["sidespan.link.confidence"] ?? link.attributes["sidespan.parent.confidence"];
      return {traceId: link.trace_id, spanId: link.span_id, confidence: typeof confidence === "number" ? confidence : null};
    });
}

function byStart(a, b) {
  return a.start < b.start ? -1 : a.start > b.start ? 1 : a.span.span_id < b.span.span_id ? -1 : 1;
}

// Returns {rows, start, length}; a row is {span, depth, parent, children, orphan, link, offset, width, from, length, last, size}.
// offset and width are shares (0..1) of the whole trace; from and length are nanoseconds.
export function build(spans) {
  const nodes = new Map();
  for (const span of spans) {
    nodes.set(span.span_id, {span, start: BigInt(span.start_unix_nano), end: BigInt(span.end_unix_nano), children: [], parent: null});
  }
  const roots = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parent_span_id);
    if (parent && parent !== node) {
      node.parent = parent;
      parent.children.push(node);
    } else {
      node.orphan = node.span.parent_span_id !== "";
      roots.push(node);
    }
  }
  let start = null, end = null;
  for (const node of nodes.values()) {
    if (start === null || node.start < start) start = node.start;
    if (end === null || node.start > end) end = node.start;
    if (node.end > end) end = node.end;
  }
  const rows = [];
  walk(roots.sort(byStart), rows);
  // Spans whose parents form a circle are reached from no root: each circle is opened at its earliest span.
  if (rows.length < nodes.size) {
    const seen = new Set(rows);
    for (const node of [...nodes.values()].filter((item) => !seen.has(item)).sort(byStart)) {
      if (seen.has(node)) continue;
      node.parent.children = node.parent.children.filter((child) => child !== node);
      node.parent = null;
      node.orphan = true;
      const from = rows.length;
      walk([node], rows);
      for (let i = from; i < rows.length; ++i) seen.add(rows[i]);
    }
  }
  const length = Number((end ?? 0n) - (start ?? 0n));
  for (const row of rows) measure(row, start, length);
  return {rows, start: start ?? 0n, length};
}

// Depth first without recursion: a chain of 100,000 spans must not exhaust the stack.
function walk(roots, rows) {
  const stack = roots.map((node, index) => [node, 0, index === roots.length - 1]).reverse();
  while (stack.length) {
    const [node, depth, last] = stack.pop();
    node.depth = depth;
    node.last = last;
    rows.push(node);
    node.children.sort(byStart);
    for (let i = node.children.length - 1; i >= 0; --i) stack.push([node.children[i], depth + 1, i === node.children.length - 1]);
  }
}

function measure(row, start, length) {
  row.from = Number(row.start - start);
  row.length = Math.max(0, Number(row.end - row.start));
  row.offset = length > 0 ? row.from / length : 0;
  row.width = length > 0 ? Math.min(row.length / length, 1 - row.offset) : 1;
  row.evidence = evidence(row.span);
  row.candidates = candidates(row.span);
  row.link = row.span.parent_span_id === "" ? null : row.evidence?.inferred ? "inferred" : "forwarded";
  row.error = row.span.status === "error";
  // A clock that disagrees with its parent's: worth a word, not worth hiding.
  row.skewed = row.parent !== null && row.start < row.parent.start;
}
