/** The plan's answer: the verdict, the facts, the card's bar, and the cards where there are several. */
import * as l10n from '@vscode/l10n';
import type { Estimate } from '../../src/protocol';
import { button } from '../controls';
import { h } from '../dom';
import { layoutBudget } from '../layout/budget';
import { paintBudget } from '../paint/budget';
import { picture } from '../paint/svg';
import type { Drawn } from '../state';
import { createCards } from './cards';
import { facts, legend, verdict } from './summary';

export interface Answer {
  element: HTMLElement;
  /** `tried`: the estimate is of changes that are not written. */
  show(drawn: Drawn, tried: boolean, width: number): void;
}

/** `makeItFit` looks for ways to make the plan on show fit. */
export function createAnswer(makeItFit: () => void): Answer {
  const help = button({ label: l10n.t('Make it fit'), onPress: makeItFit });
  const answer = h('section', { class: 'answer', 'aria-label': l10n.t('Estimate') });
  const svg = picture('budget');
  const legendBox = h('div');
  const cards = createCards();
  let shown: { estimate: Estimate; tried: boolean; width: number } | null = null;
  return {
    element: h('div', {}, answer, h('figure', { class: 'card-budget' }, svg, legendBox), cards.element),
    show({ estimate }, tried, width) {
      if (shown?.estimate === estimate && shown.tried === tried && shown.width === width) return;
      shown = { estimate, tried, width };
      answer.replaceChildren(verdict(estimate, tried, help.element), facts(estimate));
      const budget = layoutBudget(estimate, width);
      paintBudget(svg, budget, estimate.device);
      legendBox.replaceChildren(legend(budget));
      cards.show(estimate, width);
    },
  };
}
