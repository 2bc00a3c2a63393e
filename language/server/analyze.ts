/** Text → what it says: plans as plain data, the questions asked of them, and every mistake at its words. Pure and total. */

import type { Device, Plan, RunSettings } from '../../src/plan/types';
import { allSpecs } from '../../src/techniques/registry';
import type { PlanDeclaration, RunDeclaration } from '../generated/ast';
import {
  isBooleanLiteral,
  isDeviceDeclaration,
  isLet,
  isListLiteral,
  isModelDeclaration,
  isPlanDeclaration,
  isRunDeclaration,
  isStringLiteral,
  isWord,
} from '../generated/ast';
import { ask, type Questions } from './ask';
import { Context } from './context';
import { isPlainWord } from './conversions';
import { deviceOf } from './devices';
import { modelOf } from './models';
import { type FileReader, loadModules, type Module, type Modules, noFiles } from './modules';
import { type Occurrence, spanOfProperty } from './names';
import { type Compiled, planOf } from './plans';
import type { Problem } from './problems';
import { defaultRun, kvGroupsOf, runOf } from './runs';
import { Lines, type Span, spanOf } from './span';
import { parse, type Syntax } from './syntax/parse';
import type { Expression } from './tree';
import { isTechniqueName, useOf } from './uses';
import { deref, quantity } from './values';

export interface PlanAnalysis extends Compiled, Questions {
  name: string;
  /** Where the name stands, and the whole declaration. */
  span: Span;
  whole: Span;
  /** The plan that it extends. */
  base?: string;
  /** The proxy: of its `run` block, or the default one; absent where the block has an error. */
  run?: RunSettings;
  /** The file has a `run` block for it. */
  hasRun?: boolean;
}

export interface Analysis {
  uri: string;
  text: string;
  syntax: Syntax;
  /** Plans of this file, in its order. */
  plans: PlanAnalysis[];
  /** Plans that conditions may name, those of imported files included. */
  known: Map<string, Plan>;
  problems: Problem[];
  /** Every place where a declared name is written, in all files that were read. */
  occurrences: Occurrence[];
  /** The file and all that it imports. */
  modules: Modules;
}

export interface AnalyzeOptions {
  uri?: string;
  reader?: FileReader;
  parseText?: (uri: string, text: string) => Syntax;
  /** Puts to a plan's device what was measured of it. */
  measured?: (device: Device) => Device;
}

export function analyze(
  text: string,
  { uri = 'untitled:plan.memplan', reader = noFiles, parseText = (_, source) => parse(source), measured }: AnalyzeOptions = {},
): Analysis {
  const early: [string, Problem][] = [];
  const modules = loadModules(uri, text, reader, (at, problem) => early.push([at, problem]), parseText);
  const context = new Context(modules, reader, measured);
  for (const [at, problem] of early) context.report(at, problem);
  for (const module of modules.values()) {
    for (const error of module.syntax.errors) context.report(module.uri, { severity: 'error', code: 'syntax', ...error });
    for (const tables of Object.values(module.own))
      for (const target of tables.values()) context.note({ uri: module.uri, span: target.span, target });
  }

  const entry = modules.get(uri) as Module;
  const plans: PlanAnalysis[] = [];
  const known = new Map<string, Plan>();
  // Imported files first: what they say is complete before this file builds on it.
  for (const module of [...modules.values()].reverse()) {
    for (const node of module.syntax.declarations) {
      if (isModelDeclaration(node)) modelOf(context, node, module.uri);
      else if (isDeviceDeclaration(node)) deviceOf(context, node, module.uri);
      else if (isLet(node) && node.value) checkLet(context, node.value, module.uri);
      else if (isPlanDeclaration(node) && module !== entry) planOf(context, node, module.uri);
    }
  }
  for (const node of entry.syntax.declarations.filter(isPlanDeclaration)) plans.push(planAnalysis(context, node, entry));
  for (const [name, target] of entry.visible.plan) {
    const compiled = planOf(context, target.node as PlanDeclaration, target.uri);
    if (compiled.plan) known.set(name, compiled.plan);
  }
  runs(context, entry, plans, known);
  return {
    uri,
    text,
    syntax: entry.syntax,
    plans,
    known,
    problems: telling(context.problems.get(uri) ?? [], entry),
    occurrences: context.occurrences,
    modules,
  };
}

/** A `let` may hold any value; what it holds is checked even where nothing uses it. */
function checkLet(context: Context, value: Expression, uri: string): void {
  if (isStringLiteral(value) || isBooleanLiteral(value) || isListLiteral(value)) return;
  if (isTechniqueName(value)) return;
  if (isPlainWord(value)) {
    const { node } = deref(context, { node: value, uri });
    // Stuck on a name that is a `let`: its chain leads back to itself, which a quantity reports as a cycle.
    if (node !== value && !isWord(node)) return;
  }
  if (isWord(value) && value.call && value.name !== 'min' && value.name !== 'max') {
    const spec = allSpecs.find(({ name }) => name === value.name);
    if (spec) {
      useOf(context, { node: value, uri }, spec.slot);
      return;
    }
  }
  quantity(context, { node: value, uri });
}

function planAnalysis(context: Context, node: PlanDeclaration, module: Module): PlanAnalysis {
  const { uri, text } = module;
  const compiled = planOf(context, node, uri);
  const analysis: PlanAnalysis = {
    ...compiled,
    name: node.name ?? '',
    span: node.name === undefined ? spanOf(node) : spanOfProperty(node, 'name'),
    whole: spanOf(node),
    ...(node.base === undefined ? {} : { base: node.base }),
    requires: [],
    finds: [],
    sweeps: [],
    compares: [],
  };
  ask(context, node, module, analysis);
  // A second plan of a name is reported as such, and stays out of sight.
  if (text && module.own.plan.get(analysis.name)?.node !== node) {
    delete analysis.plan;
    delete analysis.draft;
    analysis.problem ??= `Another plan is named \`${analysis.name}\``;
  }
  return analysis;
}

function runs(context: Context, module: Module, plans: PlanAnalysis[], known: Map<string, Plan>): void {
  const { uri } = module;
  const firsts = new Map<string, RunDeclaration>();
  for (const node of module.syntax.declarations.filter(isRunDeclaration)) {
    if (node.plan === undefined) continue;
    const span = spanOfProperty(node, 'plan');
    context.resolve(uri, 'plan', node.plan, span);
    const first = firsts.get(node.plan);
    const run = runOf(context, node, uri, known.get(node.plan));
    if (first) {
      const related = [{ uri, span: spanOfProperty(first, 'plan'), message: 'the first one' }];
      context.error(uri, 'duplicate-name', `Plan \`${node.plan}\` has a \`run\` block already`, span, { related });
      continue;
    }
    firsts.set(node.plan, node);
    const plan = plans.find(({ name }) => name === node.plan);
    if (plan) plan.hasRun = true;
    if (plan && run) plan.run = run;
  }
  for (const plan of plans) if (!firsts.has(plan.name)) plan.run = defaultRun(plan.name, kvGroupsOf(plan.plan));
}

/** In the order of the text. What cannot be read on a line makes what was understood of it misleading: it is left out. */
function telling(problems: readonly Problem[], { text, syntax }: Module): Problem[] {
  const lines = new Lines(text);
  const broken = new Set(syntax.errors.flatMap(({ span }) => [lines.position(span.start).line, lines.position(span.end).line]));
  return problems
    .filter(({ code, span }) => code === 'syntax' || !broken.has(lines.position(span.start).line))
    .toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}
