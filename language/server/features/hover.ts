/** What is under the cursor: from the registry, the presets and this plan's own numbers. */
import type { Hover } from 'vscode-languageserver-types';
import { formatBytes, formatBytesExact, formatCount, formatTime } from '../../../src/plan/format';
import { findDevice } from '../../../src/plan/presets/devices';
import { findModel } from '../../../src/plan/presets/models';
import { type Device, isSlot, type Model, type Slot } from '../../../src/plan/types';
import { FIGURES, type Figure, figureOf } from '../../../src/planner/expression';
import type { Estimate } from '../../../src/planner/types';
import { allSpecs, findSpec, findTechnique } from '../../../src/techniques/registry';
import type { Spec } from '../../../src/techniques/spec';
import {
  isArgument,
  isDeviceDeclaration,
  isModelDeclaration,
  isPlanDeclaration,
  isSetting,
  isWord,
  type PlanDeclaration,
} from '../../generated/ast';
import type { EstimateCache } from '../estimates';
import { rangeOf } from '../lsp';
import type { Declared } from '../names';
import { age, countText, type RunVerdicts } from '../run-verdicts';
import { contains, type Span, spanOf } from '../span';
import { leafAt } from '../syntax/parse';
import { parseQuantity, SIZE, sameDimension } from '../units';
import { momentText } from '../verdicts';
import type { View } from '../workspace';
import { type BlockKind, cursorAt } from './cursor';
import { argumentDoc, DECLARATION_DOCS, deviceDoc, FIGURE_DOCS, keyDoc, modelDoc, STATEMENT_DOCS, specDoc } from './docs';
import { verdictText } from './lenses';
import { occurrenceAt } from './navigation';
import { deviceSensitivity, partAt, usersOf } from './part-sensitivity';
import { numbersAt, sensitivity } from './sensitivity';

/** What a hover draws on beside the view. */
export interface Known {
  cache: EstimateCache;
  runs: RunVerdicts;
  /** Milliseconds since 1970. */
  now: number;
}

/** What is told of an offset; a number waits for a search, which takes its turns. */
export function* hoverSteps(view: View, offset: number, known: Known): Generator<void, Hover | undefined> {
  const { analysis, document } = view;
  const token = analysis.syntax.tokens.find(
    ({ startOffset, image }) => startOffset <= offset && offset < startOffset + image.length,
  );
  if (!token) return undefined;
  const span: Span = { start: token.startOffset, end: token.startOffset + token.image.length };
  const value =
    token.tokenType.name === 'QUANTITY'
      ? yield* numberText(view, token.image, span, known.cache)
      : textFor(view, token.tokenType.name, token.image, span, known);
  return value ? { contents: { kind: 'markdown', value }, range: rangeOf(document, span) } : undefined;
}

/** A number with its unit spelt out, and what it may be in its plan. */
function* numberText(view: View, image: string, span: Span, cache: EstimateCache): Generator<void, string | undefined> {
  const lines: (string | undefined)[] = [quantityText(image)];
  for (const turned of numbersAt(view.analysis, span)) lines.push(yield* sensitivity(turned, cache));
  const part = partAt(view.analysis, span);
  if (part?.kind === 'device')
    for (const plan of usersOf(view.analysis, part)) lines.push(yield* deviceSensitivity(plan, part.key, cache));
  return lines.filter(Boolean).join('\n\n') || undefined;
}

function textFor(view: View, type: string, image: string, span: Span, known: Known): string | undefined {
  const { cache } = known;
  if (type === 'STRING') return sourceText(view, span);
  const occurrence = occurrenceAt(view, span.start);
  if (occurrence) return declaredText(view, occurrence.target, cache);
  if (DECLARATION_DOCS[type]) return DECLARATION_DOCS[type];
  if (STATEMENT_DOCS[type]) return STATEMENT_DOCS[type];
  const node = leafAt(view.analysis.syntax, span.start)?.astNode;
  if (!node) return undefined;
  if (isSetting(node) && type === 'KEY') return settingText(view, node.$container.$container.$type, image);
  if (isArgument(node) || isWord(node)) {
    const { expected, plan } = cursorAt(view.analysis.syntax, span.start);
    if (expected.kind === 'argument') {
      const argument = findSpec(expected.call.slot, expected.call.name)?.args.find(({ name }) => name === image);
      return argument && `**${image}** of ${expected.call.name}\n\n${argumentDoc(argument)}`;
    }
    if (expected.kind === 'value' && isSlot(expected.key)) return techniqueText(view, expected.key, image, plan, known);
    if (expected.kind === 'argument-value') {
      const spec = allSpecs.find(({ name, slot }) => name === image && slot === expected.call.slot);
      return spec && techniqueDoc(spec, known);
    }
    if ((FIGURES as readonly string[]).includes(image))
      return figureText(view, image as Figure, expected.kind === 'figure' ? expected.plan : plan, cache);
  }
  return undefined;
}

function quantityText(image: string): string | undefined {
  const { value, dimension, unit, unknown } = parseQuantity(image);
  if (unknown || unit === '') return undefined;
  if (unit === 'k') return `${formatCount(value)} tokens`;
  if (sameDimension(dimension, SIZE)) return formatBytesExact(Math.round(value));
  return unit === '%' ? String(value) : undefined;
}

function sourceText({ analysis, document }: View, span: Span): string | undefined {
  const name = document.getText().slice(span.start + 1, span.end - 1);
  const node = analysis.syntax.declarations.find((one) => contains(spanOf(one), span.start));
  if (node?.$type === 'ModelDeclaration') {
    const preset = findModel(name);
    return preset && modelDoc(preset);
  }
  if (node?.$type === 'DeviceDeclaration') {
    const preset = findDevice(name);
    return preset && deviceDoc(preset);
  }
  return undefined;
}

function settingText(view: View, declaration: string, key: string): string | undefined {
  const block = declaration.replace('Declaration', '').toLowerCase() as BlockKind;
  return view.document && keyDoc(block, key);
}

const estimateOf = ({ analysis }: View, name: string | undefined, cache: EstimateCache): Estimate | undefined => {
  const plan = name === undefined ? undefined : analysis.known.get(name);
  const made = plan && cache.get(plan);
  return made && 'estimate' in made ? made.estimate : undefined;
};

/** What a technique does, and what it does to the peak of this plan, with the plan's own numbers. */
function techniqueText(view: View, slot: Slot, name: string, plan: string | undefined, known: Known): string | undefined {
  const { cache } = known;
  const spec = findSpec(slot, name);
  if (!spec) return undefined;
  const data = plan === undefined ? undefined : view.analysis.known.get(plan);
  const estimate = estimateOf(view, plan, cache);
  const index = estimate?.waterfall.findIndex((one) => one.slot === slot && one.label.split('(')[0] === name) ?? -1;
  const step = estimate?.waterfall[index];
  if (!data || !step) return techniqueDoc(spec, known);
  const saved = step.before - step.after;
  const change =
    saved === 0
      ? 'does not change the peak'
      : `${saved > 0 ? 'takes' : 'adds'} ${formatBytes(Math.abs(saved))} ${saved > 0 ? 'off' : 'to'} the peak`;
  const changes = cache.explained(data).reasons[index]?.changes ?? [];
  const numbers = changes.map(
    (one) =>
      `- ${one.category} \`${one.name}\`: ${one.before} → ${one.after}, ${one.bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(one.bytes))}`,
  );
  return [
    techniqueDoc(spec, known),
    '---',
    `In plan \`${plan}\` it ${change}: ${formatBytes(step.before)} → ${formatBytes(step.after)}.`,
    numbers.length > 0 ? `What changes at the peak:\n\n${numbers.join('\n')}` : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** All that the registry says, and whether a run on this machine has proved it. */
const techniqueDoc = (spec: Spec, known: Known): string => `${specDoc(spec)}\n\n${proofText(spec, known)}`;

function proofText({ slot, name }: Spec, { runs, now }: Known): string {
  const found = runs.proved(name);
  if (found) {
    const own = found.checks.filter(({ technique }) => technique === name);
    const failed = own.filter(({ passed }) => !passed).length;
    const outcome =
      failed > 0 ? `**Failed** ${failed} of ${countText(own.length)}` : `**Verified**: ${countText(own.length)} passed`;
    return `${outcome} on this machine (${found.adapter}${found.software ? ', software' : ''}), ${age(found.at, now)}.`;
  }
  return findTechnique(slot, name)?.webgpu
    ? 'Not verified on this machine yet: “Run on GPU” does.'
    : 'The runner does not execute it: nothing on this machine proves it.';
}

function figureText(view: View, figure: Figure, plan: string | undefined, cache: EstimateCache): string {
  const estimate = estimateOf(view, plan, cache);
  if (!estimate) return FIGURE_DOCS[figure];
  const value = figureOf(estimate, figure);
  const shown =
    figure === 'time' ? formatTime(value) : figure === 'tokens-per-second' ? formatCount(Math.round(value)) : formatBytes(value);
  return `**${plan}.${figure}** = ${shown}\n\n${FIGURE_DOCS[figure]}`;
}

function declaredText(view: View, { kind, name, node, uri }: Declared, cache: EstimateCache): string | undefined {
  if (kind === 'plan' && isPlanDeclaration(node)) return planText(view, node, name, cache);
  if (kind === 'model' && isModelDeclaration(node)) {
    const model = partOf(view, 'model', name);
    return model ? modelDoc(model as Model) : `**${name}** · model${node.source === undefined ? '' : ` from \`${node.source}\``}`;
  }
  if (kind === 'device' && isDeviceDeclaration(node)) {
    const device = partOf(view, 'device', name);
    return device
      ? deviceDoc(device as Device)
      : `**${name}** · device${node.source === undefined ? '' : ` from \`${node.source}\``}`;
  }
  const written = node.$cstNode?.text ?? '';
  const from = uri === view.analysis.uri ? '' : `\n\nfrom ${uri.split('/').at(-1)}`;
  return `\`\`\`memplan\n${written}\n\`\`\`${from}`;
}

/** A declared model or card as a plan uses it; a declaration that no plan uses is read from its preset. */
function partOf({ analysis }: View, kind: 'model' | 'device', name: string): Model | Device | undefined {
  const used = [...analysis.known.values()].find((plan) => plan[kind].name === name)?.[kind];
  if (used) return used;
  const node = analysis.modules.get(analysis.uri)?.visible[kind].get(name)?.node;
  const source = node && 'source' in node ? node.source : undefined;
  const preset = source === undefined ? undefined : kind === 'model' ? findModel(source) : findDevice(source);
  return preset && { ...preset, name };
}

function planText(view: View, node: PlanDeclaration, name: string, cache: EstimateCache): string {
  const estimate = estimateOf(view, name, cache);
  const title = `**${name}** · plan${node.base === undefined ? '' : ` extends ${node.base}`}`;
  if (!estimate) return `${title}\n\n${view.analysis.plans.find((one) => one.name === name)?.problem ?? ''}`;
  const parts = Object.entries(estimate.categories).filter(([, bytes]) => bytes > 0);
  return [
    title,
    `${estimate.model} on ${estimate.device}: ${verdictText(estimate)}`,
    `Peak ${formatBytes(estimate.peak.allocated)} in ${momentText(estimate)}; reserved ${formatBytes(estimate.peak.reserved)}, on the card ${formatBytes(estimate.peak.device)}`,
    parts.map(([part, bytes]) => `- ${part} ${formatBytes(bytes)}`).join('\n'),
    `${formatTime(estimate.time.step)} a step, ${formatCount(Math.round(estimate.time.tokensPerSecond))} tokens a second (${estimate.time.calibrated ? `calibrated on ${estimate.time.calibrated.adapter}` : 'estimated, uncalibrated'})`,
  ].join('\n\n');
}
