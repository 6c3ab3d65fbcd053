// SPDX-License-Identifier: Apache-2.0
//
// Numbers and names for people. Pure.

export function duration(ns) {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  for (const [unit, size] of [["µs", 1e3], ["ms", 1e6], ["s", 1e9]]) {
    const value = ns / size;
    if (value < 999.5 || unit === "s") return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let index = 0;
  while (count >= 1024 && index < units.length - 1) { count /= 1024; ++index; }
  return `${index === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[index]}`;
}

export function count(number, one, many = one + "s") {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function dateOf(nano) {
  return new Date(Number(BigInt(nano) / 1000000n));
}

export function clock(nano) {
  const date = dateOf(nano);
  const pad = (value, width = 2) => String(value).padStart(width, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

export function stamp(nano) {
  const date = dateOf(nano);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString(undefined, {year: "numeric", month: "short", day: "numeric"}) + " " + clock(nano);
}

export function ago(nano, now = Date.now()) {
  const seconds = Math.max(0, (now - dateOf(nano).getTime()) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

// A stable colour slot (0..11) for a service.
export function slot(name) {
  let hash = 2166136261;
  for (let i = 0; i < name.length; ++i) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return (hash >>> 0) % 12;
}
