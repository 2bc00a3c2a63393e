/** A slider that rests on given values; the toolkit has none. Arrows go to the next value, as in any range. */
import { h } from '../dom';

export interface Slider {
  element: HTMLElement;
  set(stops: readonly number[], value: number, words: string): void;
}

export function createSlider(label: string, onInput: (value: number) => void): Slider {
  const element = h('input', { type: 'range', 'aria-label': label, step: 1, min: 0 });
  let values: readonly number[] = [];
  element.addEventListener('input', () => {
    const value = values[Number(element.value)];
    if (value !== undefined) onInput(value);
  });
  return {
    element,
    set(stops, value, words) {
      values = stops;
      element.max = String(stops.length - 1);
      const at = stops.indexOf(value);
      if (at >= 0 && element.value !== String(at)) element.value = String(at);
      element.setAttribute('aria-valuetext', words);
    },
  };
}
