/**
 * How what is drawn gets to its place. A change of the plan lets bars and points glide there, each as the thing that it was; what is new
 * stands at once, and so does what changes again before it would have come to rest: pictures follow a slider, a held key and quick typing
 * without delay. Nothing glides where the reader asked for less motion.
 */
import { type BaseType, easeCubicOut, interrupt, type Selection, select } from 'd3';

const DURATION_MS = 160;
/** Changes nearer than this to one another are followed at once. */
const REST_MS = 2 * DURATION_MS;

type Value<D> = number | string | ((datum: D) => number | string);

interface Goal {
  attributes: [name: string, value: string][];
  /** When the element was last sent to another place. */
  since: number;
}
const goals = new WeakMap<Element, Goal>();
const gliding = new WeakSet<SVGSVGElement>();

const LESS = '(prefers-reduced-motion: reduce)';
const isStill = () => matchMedia(LESS).matches || document.body.classList.contains('vscode-reduce-motion');

/** Before a picture is drawn at `width`: its parts glide where it is looked at, has kept its width, and no slider is held. */
export function prepare(svg: SVGSVGElement, width: number): void {
  const glides =
    svg.isConnected &&
    svg.getAttribute('width') === String(width) &&
    svg.closest('[hidden]') === null &&
    document.querySelector('input:active') === null &&
    !isStill();
  if (glides) gliding.add(svg);
  else gliding.delete(svg);
}

/** Puts what is selected where `values` say, now or gliding. */
export function place<E extends SVGElement, D, P extends BaseType, PD>(
  selection: Selection<E, D, P, PD>,
  values: { [attribute: string]: Value<D> },
): Selection<E, D, P, PD> {
  const now = performance.now();
  return selection.each(function (datum) {
    const attributes = Object.entries(values).map(([name, value]): [string, string] => [
      name,
      String(typeof value === 'function' ? value(datum) : value),
    ]);
    const before = goals.get(this);
    if (before?.attributes.every(([name, value], index) => attributes[index]?.[0] === name && attributes[index]?.[1] === value))
      return;
    goals.set(this, { attributes, since: before ? now : Number.NEGATIVE_INFINITY });
    const glides =
      before !== undefined && now - before.since > REST_MS && this.ownerSVGElement && gliding.has(this.ownerSVGElement);
    interrupt(this);
    if (!glides) return set(this, attributes);
    const way = select(this).transition().duration(DURATION_MS).ease(easeCubicOut);
    for (const [name, value] of attributes) way.attr(name, value);
  });
}

/** Ends every motion within `root`: all of it stands where it belongs. */
export function settle(root: Element): void {
  for (const element of [root, ...root.querySelectorAll('*')]) {
    const goal = goals.get(element);
    if (!goal) continue;
    interrupt(element);
    set(element, goal.attributes);
  }
}

/** Less motion may be asked for at any time. */
export function followMotion(root: Element): void {
  matchMedia(LESS).addEventListener('change', ({ matches }) => matches && settle(root));
}

function set(element: Element, attributes: Goal['attributes']): void {
  for (const [name, value] of attributes) element.setAttribute(name, value);
}
