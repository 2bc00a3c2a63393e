/** The page: one skeleton, parts that follow the state, and the messages in and out. */
import type { Estimate, Place, PlanView, ToWebview } from '../src/protocol';
import type { Channel } from './channel';
import { button, select } from './controls';
import { h, icon, prose, setText } from './dom';
import { createExport } from './export/menu';
import { formatBytes } from './format';
import { layoutBudget } from './layout/budget';
import { layoutWaterfall, type Row } from './layout/waterfall';
import { readMessage } from './messages';
import { paintBudget } from './paint/budget';
import { paintWaterfall } from './paint/waterfall';
import { createCard } from './parts/card';
import { createCompare } from './parts/compare';
import { ledgerTable } from './parts/ledger';
import { createProgress, runView } from './parts/run';
import { facts, legend, verdict } from './parts/summary';
import { createTabs } from './parts/tabs';
import { createTimeline } from './parts/timeline';
import { waterfallTable } from './parts/waterfall-table';
import { current, type Drawn, initial, phase, reduce, running, type State, stale, timelineOf } from './state';

export function startApp(root: HTMLElement, channel: Channel): void {
  let state: State = initial;
  const reveal = (place: Place) => channel.post({ type: 'reveal', place });
  const picker = select({ label: 'Plan', onChange: (plan) => channel.post({ type: 'select', plan }) });
  const run = button({
    label: 'Run on GPU',
    kind: 'primary',
    onPress: () => state.selected && channel.post({ type: 'run', plan: state.selected }),
  });
  const cancel = button({ label: 'Cancel', onPress: () => channel.post({ type: 'cancel-run' }) });
  const subject = h('span', { class: 'subject' });
  const busy = h('span', { class: 'busy', role: 'status' });
  const notice = h('section', { class: 'notice', 'aria-live': 'polite' });
  const answer = h('section', { class: 'answer', 'aria-label': 'Estimate' });
  const budgetSvg = svgElement('budget');
  const svg = svgElement('waterfall');
  const legendBox = h('div');
  const budgetFigure = h('figure', { class: 'card-budget' }, budgetSvg, legendBox);
  const figure = h('figure', { class: 'picture' }, svg);
  const tableBody = h('div', { class: 'table' });
  const table = h('details', { class: 'as-table' }, h('summary', {}, 'The same as a table'), tableBody);
  const ledgerBody = h('div', { class: 'table' });
  const ledger = h('details', { class: 'as-table' }, h('summary', {}, 'What is alive at the peak'), ledgerBody);
  const timeline = createTimeline();
  const compare = createCompare((plan) => channel.post({ type: 'select', plan }));
  const panels = {
    waterfall: h('div', {}, figure, table, ledger),
    timeline: h('div', {}, timeline.element),
    compare: h('div', {}, compare.element),
  };
  const exported = createExport(() => state.drawn?.estimate ?? null, svg, channel);
  const tabs = createTabs(panels, (view) => change({ type: 'view', view }));
  const pictures = h(
    'section',
    { class: 'pictures' },
    h('div', { class: 'pictures-head' }, tabs.element, exported),
    ...Object.values(panels),
  );
  const progress = createProgress(cancel.element);
  const runTitle = h('span', { class: 'mono' });
  const runBody = h('div');
  const runSection = h(
    'section',
    { class: 'run', 'aria-label': 'Run on GPU' },
    h('h2', {}, 'Run of ', runTitle),
    progress.element,
    runBody,
  );
  const card = createCard();
  root.replaceChildren(
    h('header', {}, picker.element, subject, busy, h('span', { class: 'actions' }, run.element)),
    h('main', {}, notice, answer, budgetFigure, pictures, runSection),
    card.element,
  );

  const draw = () => {
    const plan = current(state);
    const width = contentWidth(root);
    root.dataset.state = phase(state);
    const revision = state.drawn?.version ?? state.reply?.version;
    if (revision !== undefined) root.dataset.revision = String(revision);
    root.setAttribute('aria-busy', String(state.estimating));
    picker.set(state.reply?.plans.map(({ name }) => ({ value: name, label: name })) ?? [], state.selected);
    picker.element.hidden = (state.reply?.plans.length ?? 0) === 0;
    const { drawn } = state;
    setText(subject, drawn ? `${drawn.estimate.model} on ${drawn.estimate.device}` : '');
    setText(busy, state.estimating && state.reply ? 'estimating…' : '');
    run.set({ disabled: running(state) || !plan?.estimate, hidden: !plan });
    notice.replaceChildren(...notices(state, plan, reveal));
    drawEstimate(drawn, width);
    for (const part of [answer, budgetFigure, pictures]) part.classList.toggle('stale', drawn !== null && !plan?.estimate);
    runSection.hidden = state.run === null;
    setText(runTitle, state.run?.plan ?? '');
    progress.set(state.run);
    runBody.replaceChildren(...(state.run ? runView(state.run, stale(state), width) : []));
  };

  const drawEstimate = (drawn: Drawn | null, width: number) => {
    pictures.hidden = budgetFigure.hidden = answer.hidden = drawn === null;
    card.hide();
    if (!drawn) return;
    const { plan, estimate } = drawn;
    tabs.set(state.view);
    exported.hidden = state.view !== 'waterfall';
    if (state.view === 'timeline') showTimeline(drawn, width);
    if (state.view === 'compare') compare.show(wholePlans(state), plan.name, width);
    const layout = layoutWaterfall(estimate, width);
    const placeOf = (row: Row) => (row.kind === 'result' ? plan.place : (plan.places[row.index] ?? null));
    answer.replaceChildren(verdict(estimate), facts(estimate));
    paintWaterfall(
      svg,
      layout,
      {
        lineOf: (row) => placeOf(row)?.line ?? null,
        device: estimate.device,
        over: estimate.fits ? null : `${formatBytes(estimate.peak.device - estimate.usable)} over the usable memory`,
        cursor: state.cursor,
      },
      {
        onActivate: (row) => {
          const place = placeOf(row);
          if (place) reveal(place);
        },
        onInspect: (row, bar) => (row && bar ? card.show(row, drawn, bar) : card.hide()),
      },
    );
    const budget = layoutBudget(estimate, width);
    paintBudget(budgetSvg, budget, estimate.device);
    legendBox.replaceChildren(legend(budget));
    ledger.hidden = !plan.ledger;
    ledgerBody.replaceChildren(...(plan.ledger ? ledgerTable(plan.ledger, estimate.peak.allocated) : []));
    tableBody.replaceChildren(waterfallTable(plan, layout, reveal));
  };

  /** Asked for once a plan and version, and only where it is looked at. */
  let asked = '';
  const showTimeline = ({ plan, estimate, version }: Drawn, width: number) => {
    const key = `${version} ${plan.name}`;
    if (timelineOf(state) === null && asked !== key) {
      asked = key;
      channel.post({ type: 'timeline', plan: plan.name });
    }
    timeline.show(timelineOf(state), estimate.usable, width);
  };

  const change = (message: ToWebview) => {
    state = reduce(state, message);
    if (state.reply) channel.save({ uri: state.reply.uri, plan: state.selected, view: state.view });
    draw();
  };
  channel.listen((data) => {
    const message = readMessage(data);
    if (message !== null) change(message);
  });
  let drawn = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === drawn) return;
    drawn = root.clientWidth;
    draw();
  }).observe(root);
  draw();
  channel.post({ type: 'ready' });
}

function wholePlans({ reply }: State): Estimate[] {
  return (reply?.plans ?? []).flatMap(({ estimate }) => estimate ?? []);
}

function svgElement(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', name);
  return svg;
}

/** Width inside the page's padding. */
function contentWidth(root: HTMLElement): number {
  const style = getComputedStyle(root);
  return Math.max(
    240,
    Math.floor(root.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight)),
  );
}

function notices(state: State, plan: PlanView | null, reveal: (place: Place) => void): Node[] {
  const nodes: Node[] = [];
  const add = (kind: 'bad' | 'plain', picture: 'fail' | 'info' | 'warning', ...words: (Node | string)[]) =>
    nodes.push(h('p', { class: `verdict ${kind}` }, icon(picture), h('span', {}, ...words)));
  if (state.problem !== null) add('bad', 'fail', ...prose(state.problem));
  if (state.reply === null) {
    if (state.problem === null) nodes.push(h('p', { class: 'empty' }, 'Estimating…'));
    return nodes;
  }
  const { errors, plans } = state.reply;
  if (plans.length === 0 && errors === 0) {
    nodes.push(
      h(
        'div',
        { class: 'empty' },
        h('p', {}, 'This file has no plan yet.'),
        h('p', {}, 'A plan names a model, a device and a sequence length; its picture appears here as you type:'),
        h('pre', {}, 'plan first {\n  model     llama\n  device    card\n  sequence  4k\n}'),
      ),
    );
  }
  if (plan?.problem !== undefined) {
    const go = h('a', { href: '#' }, plan.name);
    go.addEventListener('click', (event) => {
      event.preventDefault();
      reveal(plan.place);
    });
    add(
      'bad',
      'fail',
      'Plan ',
      go,
      ' cannot be estimated: ',
      ...prose(plan.problem),
      state.drawn ? ' The picture is of the text before.' : '',
    );
  }
  if (plans.length === 0 && errors > 0)
    add('plain', 'warning', `The file has ${errors === 1 ? 'an error' : `${errors} errors`} and no plan that can be estimated.`);
  const broken = plans.filter((other) => other !== plan && other.problem !== undefined).map(({ name }) => name);
  if (broken.length > 0)
    add(
      'plain',
      'warning',
      `${broken.length === 1 ? 'Plan' : 'Plans'} ${broken.join(', ')} of this file cannot be estimated; this one is whole.`,
    );
  return nodes;
}
