/**
 * The page's controls. The only importer of `@vscode/webview-ui-toolkit`: tags, events and quirks end here,
 * so that a successor replaces one file.
 */
import {
  type Button,
  type Checkbox,
  type Dropdown,
  type Option,
  type ProgressRing,
  provideVSCodeDesignSystem,
  type TextField,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

/** Must run before the window's `load`: the toolkit hooks theme changes there. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface ButtonControl {
  element: HTMLElement;
  set(state: { label?: string; title?: string; disabled?: boolean; hidden?: boolean }): void;
}

export function button(options: { label: string; kind?: 'primary' | 'secondary'; onPress: () => void }): ButtonControl {
  const element = document.createElement('vscode-button') as Button;
  element.setAttribute('appearance', options.kind ?? 'secondary');
  element.textContent = options.label;
  element.addEventListener('click', () => {
    if (!element.disabled) options.onPress();
  });
  return {
    element,
    set({ label, title, disabled, hidden }) {
      if (label !== undefined && element.textContent !== label) element.textContent = label;
      if (title !== undefined) element.title = title;
      if (disabled !== undefined) element.toggleAttribute('disabled', disabled);
      if (hidden !== undefined) element.hidden = hidden;
    },
  };
}

export interface SelectControl {
  element: HTMLElement;
  set(options: readonly { value: string; label: string }[], selected: string | null): void;
}

/** A choice from a list; arrows, typing and Enter as in VS Code's own. */
export function select(options: { label: string; onChange: (value: string) => void }): SelectControl {
  const element = document.createElement('vscode-dropdown') as Dropdown;
  element.setAttribute('aria-label', options.label);
  let shown = '';
  let known: string | null = null;
  const tell = () => {
    if (element.open || element.value === known) return;
    known = element.value;
    options.onChange(element.value);
  };
  element.addEventListener('change', tell);
  // The toolkit keeps silent where a key leads back to what was chosen last, though something else was set in between.
  element.addEventListener('keyup', tell);
  return {
    element,
    set(choices, selected) {
      known = selected;
      const key = JSON.stringify(choices);
      if (key !== shown) {
        shown = key;
        element.replaceChildren(
          ...choices.map(({ value, label }) => {
            const option = document.createElement('vscode-option') as Option;
            option.setAttribute('value', value);
            option.textContent = label;
            return option;
          }),
        );
      }
      const index = choices.findIndex(({ value }) => value === selected);
      // The options upgrade after this task; the selection has to wait for them.
      queueMicrotask(() => {
        if (index >= 0 && element.selectedIndex !== index) element.selectedIndex = index;
      });
    },
  };
}

export interface FieldControl {
  element: HTMLElement;
  set(state: { value: string; invalid?: boolean }): void;
}

/** One line of text; `onChange` gets it at Enter or when the field is left. */
export function textField(options: { label: string; onChange: (text: string) => void }): FieldControl {
  const element = document.createElement('vscode-text-field') as TextField;
  element.addEventListener('change', () => options.onChange(element.value));
  return {
    element,
    set({ value, invalid = false }) {
      // Once in the page, the element names itself after its content, of which it has none.
      if (element.getAttribute('aria-label') !== options.label) element.setAttribute('aria-label', options.label);
      // What is being typed is not overwritten.
      if (element.value !== value && document.activeElement !== element) element.value = value;
      element.toggleAttribute('data-invalid', invalid);
    },
  };
}

export interface CheckControl {
  element: HTMLElement;
  set(checked: boolean): void;
}

export function checkbox(options: { label: string; onChange: (checked: boolean) => void }): CheckControl {
  const element = document.createElement('vscode-checkbox') as Checkbox;
  element.textContent = options.label;
  let setting = false;
  element.addEventListener('change', () => {
    if (!setting) options.onChange(element.checked);
  });
  return {
    element,
    set(checked) {
      setting = true;
      element.checked = checked;
      setting = false;
    },
  };
}

/** Turns while something of unknown length goes on. */
export function progressRing(label: string): HTMLElement {
  const element = document.createElement('vscode-progress-ring') as ProgressRing;
  element.setAttribute('aria-label', label);
  return element;
}
