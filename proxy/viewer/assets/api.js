// SPDX-License-Identifier: Apache-2.0
//
// Reads the viewer's own API. Errors are Error objects with the server's words.

export async function get(path, signal) {
  const answer = await fetch(path, {signal, headers: {accept: "application/json"}});
  const body = await answer.json().catch((problem) => {
    if (problem.name === "AbortError") throw problem;
    return {};
  });
  if (!answer.ok || body.error) throw Object.assign(new Error(body.error ?? `the viewer answered ${answer.status}`), {status: answer.status});
  return body;
}

// Calls on[type](data) for every event; says on.state("live" | "connecting" | "paused"). A hidden page gives its connection back, since a
// browser has six of them for all its tabs.
export function listen(on) {
  let source = null;
  const close = () => { source?.close(); source = null; };
  const open = () => {
    close();
    on.state("connecting");
    source = new EventSource("/api/live");
    source.addEventListener("hello", () => on.state("live"));
    source.addEventListener("error", () => {
      on.state("connecting");
      if (source?.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) open(); }, 2000);
    });
    for (const type of ["hello", "trace", "more", "stats"]) {
      source.addEventListener(type, (event) => on[type]?.(JSON.parse(event.data)));
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); on.state("paused"); } else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  if (!document.hidden) open();
}
