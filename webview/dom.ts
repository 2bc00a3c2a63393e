/** Elements in one line. No markup strings and no style attributes: the page's policy forbids both. */

type Attributes = { [name: string]: string | number | boolean | null | undefined };

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Replaces the children only where they differ, so that a screen reader is not told the same thing again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A sentence of the server or the runner, with `words` of the file set as such, and its full stop. */
export function prose(text: string): (Node | string)[] {
  const nodes = text.split('`').map((part, index) => (index % 2 === 0 ? part : h('code', {}, part)));
  return /[.!?]$/.test(text) ? nodes : [...nodes, '.'];
}

const ICONS = {
  pass: 'M6.6 11.2 3.4 8l1-1 2.2 2.2 5-5 1 1z',
  fail: 'm8 7 3.3-3.3 1 1L9 8l3.3 3.3-1 1L8 9l-3.3 3.3-1-1L7 8 3.7 4.7l1-1z',
  warning: 'M8 1.6 15 14H1L8 1.6Zm0 2.5L2.7 13h10.6L8 4.1ZM7.4 7h1.2v3.2H7.4V7Zm0 4.1h1.2v1.2H7.4v-1.2Z',
  about:
    'M4.9 5.2c1.3 0 2 .6 2.9 1.1.7.4 1.3.8 2.1.8.9 0 1.5-.5 2-1.6l1.1.5c-.7 1.5-1.7 2.3-3.1 2.3-1.2 0-2-.5-2.8-1-.7-.4-1.3-.9-2.2-.9s-1.4.5-2 1.6l-1-.5c.7-1.5 1.6-2.3 3-2.3Zm0 3.6c1.3 0 2 .6 2.9 1.1.7.4 1.3.8 2.1.8.9 0 1.5-.5 2-1.6l1.1.5c-.7 1.5-1.7 2.3-3.1 2.3-1.2 0-2-.5-2.8-1-.7-.4-1.3-.9-2.2-.9s-1.4.5-2 1.6l-1-.5c.7-1.5 1.6-2.3 3-2.3Z',
  range: 'M1 4h1.2v3.4h11.6V4H15v8h-1.2V8.6H2.2V12H1z',
  info: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm0 1.1a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6Zm-.6 4.6h1.2v4.2H7.4V7.2Zm0-2.4h1.2V6H7.4V4.8Z',
} as const;
export type Icon = keyof typeof ICONS;

/** A 16-pixel picture beside words that say the same, hence hidden from screen readers. */
export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  setAttributes(svg, { class: `icon icon-${name}`, viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' });
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
