/** The arguments of a technique while its brackets are written. */
import type { SignatureHelp } from 'vscode-languageserver-types';
import { findSpec } from '../../../src/techniques/registry';
import type { View } from '../workspace';
import { cursorAt } from './cursor';
import { argumentDoc, defaultText, typeText } from './docs';

export function signatureHelp({ analysis }: View, offset: number): SignatureHelp | undefined {
  const { expected } = cursorAt(analysis.syntax, offset);
  if (expected.kind !== 'argument' && expected.kind !== 'argument-value') return undefined;
  const { call } = expected;
  const spec = findSpec(call.slot, call.name);
  if (!spec || spec.args.length === 0) return undefined;
  const parameters = spec.args.map(
    (one) => `${one.name}: ${typeText(one.type)}${one.default === undefined ? '' : ` = ${defaultText(one)}`}`,
  );
  const given = expected.kind === 'argument' ? expected.given : [];
  const active =
    expected.kind === 'argument-value'
      ? spec.args.findIndex(({ name }) => name === expected.argument)
      : spec.args.findIndex(({ name }) => !given.includes(name));
  const signature = {
    label: `${spec.name}(${parameters.join(', ')})`,
    documentation: { kind: 'markdown' as const, value: spec.summary },
    parameters: spec.args.map((one, index) => ({
      label: parameters[index] ?? one.name,
      documentation: { kind: 'markdown' as const, value: argumentDoc(one) },
    })),
  };
  return { signatures: [signature], activeSignature: 0, activeParameter: Math.max(0, active) };
}
