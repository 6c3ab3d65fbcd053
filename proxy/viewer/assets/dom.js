// SPDX-License-Identifier: Apache-2.0
//
// Builds elements. Text always goes in as text nodes: nothing a span says can become markup.

const svg = "http://www.w3.org/2000/svg";

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const state = /^(data|aria)-/.test(name);  // where false is a value like any other
    if (value === null || value === undefined || (value === false && !state)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "place") Object.assign(element.style, value);
    else element.setAttribute(name, value === true && !state ? "" : String(value));
  }
  return element;
}

export function h(tag, attributes, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = set(document.createElement(name), attributes);
  if (classes.length) element.classList.add(...classes);
  return put(element, children);
}

export function shape(name, attributes) {
  return set(document.createElementNS(svg, name), attributes);
}

export function replace(parent, ...children) {
  parent.replaceChildren();
  return put(parent, children);
}
