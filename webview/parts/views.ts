/** The views of the panel: each part is shown what it draws, only while it is looked at. */
import type { Estimate, FromWebview, Place, View } from '../../src/protocol';
import { h } from '../dom';
import type { Exportable } from '../export/menu';
import { runExport } from '../export/run';
import { compareExport, timelineExport, waterfallExport } from '../export/views';
import { type Drawn, type State, shown, timelineOf } from '../state';
import type { Card } from './card';
import { createCompare } from './compare';
import { createFit } from './fit';
import { createRun } from './run';
import { createSweeps } from './sweeps';
import { createTimeline } from './timeline';
import { createWaterfall } from './waterfall';
import { createWhatIf } from './what-if';

export interface Views {
  panels: { [view in View]: HTMLElement };
  show(state: State, width: number): void;
  /** Looks for ways to make a plan fit. */
  fit(plan: string): void;
  /** What the view on show can be saved as; null where it cannot. */
  exported(state: State): Exportable | null;
}

interface ViewsOptions {
  card: Card;
  post: (message: FromWebview) => void;
  reveal: (place: Place) => void;
  /** Something changed that is not in the state. */
  redraw: () => void;
}

export function createViews({ card, post, reveal, redraw }: ViewsOptions): Views {
  const waterfall = createWaterfall(card, reveal);
  const timeline = createTimeline();
  const whatIf = createWhatIf(post);
  const compare = createCompare((plan) => post({ type: 'select', plan }), redraw);
  const sweeps = createSweeps(post, reveal);
  const fit = createFit(post);
  const run = createRun(post);
  const panels = {
    waterfall: h('div', {}, waterfall.element),
    timeline: h('div', {}, timeline.element),
    'what-if': h('div', {}, whatIf.element),
    compare: h('div', {}, compare.element, sweeps.element, fit.element),
    run: h('div', {}, run.element),
  };

  /** Asked for once a plan and version, and only where it is looked at. */
  let asked = '';
  const showTimeline = (state: State, { plan, estimate, version }: Drawn, width: number) => {
    const key = `${version} ${plan.name}`;
    if (timelineOf(state) === null && asked !== key) {
      asked = key;
      post({ type: 'timeline', plan: plan.name });
    }
    timeline.show(timelineOf(state), estimate.usable, width);
  };

  const draw: { [view in View]: (state: State, drawn: Drawn, width: number) => void } = {
    waterfall: () => {},
    timeline: showTimeline,
    'what-if': (state, drawn, width) => {
      whatIf.show(state, drawn);
      // The same picture, below what is turned: it shows what is tried.
      if (waterfall.element.parentElement !== panels['what-if']) panels['what-if'].append(waterfall.element);
      waterfall.show(shown(state) ?? drawn, null, width);
    },
    compare: (state, drawn, width) => {
      const { name } = drawn.plan;
      compare.show(wholePlans(state), name, width);
      const others = compare.chosen().flatMap((one) => (one.name === name ? [] : [one.name]));
      sweeps.show(state, drawn, others, width);
      fit.show(state, drawn, width);
    },
    run: () => {},
  };

  return {
    panels,
    show(state, width) {
      const { drawn, view } = state;
      if (drawn && view !== 'what-if') {
        if (waterfall.element.parentElement !== panels.waterfall) panels.waterfall.append(waterfall.element);
        // Drawn behind the other views too: whoever reads the page finds what `data-revision` says.
        waterfall.show(drawn, state.cursor, width);
      }
      if (drawn) draw[view](state, drawn, width);
      if (view === 'run') run.show(state, width);
    },
    fit: fit.search,
    exported(state) {
      // A run may be looked at while the text has errors.
      if (state.view === 'run') return state.run && runExport(state.run, run.element.querySelector('svg.loss'));
      const seen = shown(state);
      if (!seen) return null;
      switch (state.view) {
        case 'waterfall':
        case 'what-if':
          return waterfallExport(seen.estimate, waterfall.svg);
        case 'timeline': {
          const moments = timelineOf(state);
          return moments && timelineExport(seen.estimate, moments, timeline.svg);
        }
        case 'compare':
          return compareExport(compare.chosen(), compare.svg);
      }
    },
  };
}

function wholePlans({ reply }: State): Estimate[] {
  return (reply?.plans ?? []).flatMap(({ estimate }) => estimate ?? []);
}
