/** The controls of a trial: a slider and a field for each number, a list for each slot. Kept while they are used. */
import * as l10n from '@vscode/l10n';
import type { SlotChoice, Turn } from '../../src/protocol';
import { type FieldControl, type SelectControl, select, textField } from '../controls';
import { h, setText } from '../dom';
import { formatExact, formatTokens, readCount } from '../format';
import { stopsOf } from '../layout/stops';
import { createSlider, type Slider } from './slider';

export interface Handlers {
  onNumber(path: string, value: number): void;
  onTechnique(slot: SlotChoice, name: string): void;
}

export interface Controls {
  element: HTMLElement;
  set(turns: readonly Turn[], slots: readonly SlotChoice[]): void;
}

interface NumberRow {
  element: HTMLElement;
  slider: Slider;
  field: FieldControl;
  note: HTMLElement;
}
interface SlotRow {
  element: HTMLElement;
  list: SelectControl;
  note: HTMLElement;
  choice: SlotChoice;
}

export const wordsOf = (value: number, tokens: boolean): string => (tokens ? formatTokens(value) : formatExact(value));

export function createControls({ onNumber, onTechnique }: Handlers): Controls {
  const numbers = new Map<string, NumberRow>();
  const choices = new Map<string, SlotRow>();
  const seldom = new Map<string, NumberRow>();
  const numberBox = h('div', { class: 'turns' });
  const seldomBox = h('div', { class: 'turns' });
  const count = h('summary');
  const more = h('details', { class: 'as-table' }, count, seldomBox);
  const slotBox = h('div', { class: 'choices' });

  const numberRow = ({ path }: Turn): NumberRow => {
    const [technique = '', argument] = path.split('.');
    const slider = createSlider(path, (value) => onNumber(path, value));
    const field = textField({
      label: l10n.t('{0}, exact', path),
      onChange(text) {
        const value = readCount(text);
        field.set({ value: text, invalid: value === null });
        if (value !== null) onNumber(path, value);
      },
    });
    const note = h('small', { class: 'written' });
    const name = h('span', { class: 'turn-name' }, argument ?? technique, argument ? h('small', {}, technique) : null);
    return {
      element: h('div', { class: 'turn', 'data-turn': path }, name, slider.element, field.element, note),
      slider,
      field,
      note,
    };
  };

  const slotRow = (choice: SlotChoice): SlotRow => {
    const list = select({ label: choice.slot, onChange: (name) => onTechnique(row.choice, name) });
    const note = h('small', { class: 'written' });
    const element = h('div', { class: 'slot-choice', 'data-slot': choice.slot }, h('span', {}, choice.slot), list.element, note);
    const row: SlotRow = { element, list, note, choice };
    return row;
  };

  return {
    element: h('div', { class: 'controls' }, numberBox, more, slotBox),
    set(turns, slots) {
      const parts: [rows: typeof numbers, box: HTMLElement, turns: Turn[]][] = [
        [numbers, numberBox, turns.filter(({ usual }) => usual)],
        [seldom, seldomBox, turns.filter(({ usual }) => !usual)],
      ];
      for (const [rows, box, own] of parts)
        keep(
          rows,
          box,
          own.map(({ path }) => path),
          (_, index) => numberRow(own[index] as Turn),
        );
      more.hidden = seldom.size === 0;
      setText(count, l10n.t('More numbers ({0})', seldom.size));
      keep(
        choices,
        slotBox,
        slots.map(({ slot }) => slot),
        (_, index) => slotRow(slots[index] as SlotChoice),
      );
      for (const turn of turns) {
        const row = numbers.get(turn.path) ?? seldom.get(turn.path);
        const { value, written, tokens } = turn;
        row?.slider.set(stopsOf(turn), value, wordsOf(value, tokens));
        row?.field.set({ value: wordsOf(value, tokens) });
        row?.element.classList.toggle('changed', value !== written);
        if (row) setText(row.note, written === null || value === written ? '' : l10n.t('file: {0}', wordsOf(written, tokens)));
      }
      for (const choice of slots) {
        const row = choices.get(choice.slot);
        if (!row) continue;
        row.choice = choice;
        const follows = choice.value === '' || choice.written === '' ? [{ value: '', label: l10n.t('as the precision') }] : [];
        row.list.set([...follows, ...choice.options.map(({ name }) => ({ value: name, label: name }))], choice.value);
        row.element.classList.toggle('changed', choice.value !== choice.written);
        setText(
          row.note,
          choice.value === choice.written
            ? ''
            : l10n.t('file: {0}', choice.written === '' ? l10n.t('as the precision') : choice.written),
        );
      }
    },
  };
}

/** Rows for exactly `keys`, in order; those that are there already stay, with their focus. */
function keep<T extends { element: HTMLElement }>(
  rows: Map<string, T>,
  box: HTMLElement,
  keys: readonly string[],
  make: (key: string, index: number) => T,
): void {
  if (keys.length === rows.size && keys.every((key, index) => [...rows.keys()][index] === key)) return;
  const before = new Map(rows);
  rows.clear();
  for (const [index, key] of keys.entries()) rows.set(key, before.get(key) ?? make(key, index));
  for (const [key, { element }] of before) if (!rows.has(key)) element.remove();
  keys.forEach((key, index) => {
    const element = rows.get(key)?.element;
    if (element && box.children[index] !== element) box.insertBefore(element, box.children[index] ?? null);
  });
}
