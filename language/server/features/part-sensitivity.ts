/** What a number of a `model` or `device` block is to the plans that use it. */
import { formatBytes, formatTime } from '../../../src/plan/format';
import { DEVICE_NUMBERS, type DeviceNumberKey } from '../../../src/plan/numbers';
import type { Plan } from '../../../src/plan/types';
import { findSteps } from '../../../src/planner/answers';
import { estimate } from '../../../src/planner/estimate';
import { isDeviceDeclaration, isModelDeclaration, isQuantity, isSetting, isWord } from '../../generated/ast';
import type { Analysis } from '../analyze';
import type { EstimateCache } from '../estimates';
import { type Span, spanOf } from '../span';

/** A number that a block states. */
export interface PartNumber {
  kind: 'model' | 'device';
  name: string;
  key: string;
}

/** Plans of which so many are told where one number serves several. */
export const TOLD = 3;

/** The number of a `model` or `device` block at a place. */
export function partAt({ syntax }: Analysis, { start }: Span): PartNumber | undefined {
  for (const node of syntax.declarations) {
    if (!isModelDeclaration(node) && !isDeviceDeclaration(node)) continue;
    const setting = node.body?.statements.find(
      (one) => isSetting(one) && one.value && isQuantity(one.value) && spanOf(one.value).start === start,
    );
    if (isSetting(setting) && node.name !== undefined)
      return { kind: isModelDeclaration(node) ? 'model' : 'device', name: node.name, key: setting.key };
  }
  return undefined;
}

/** The first plans of the file that use a part. */
export const usersOf = ({ plans }: Analysis, { kind, name }: PartNumber): Plan[] =>
  plans
    .flatMap(({ plan, stated }) => {
      const value = stated.get(kind)?.entry.value;
      return plan && isWord(value) && value.name === name ? [plan] : [];
    })
    .slice(0, TOLD);

/** What a card's number is to a plan: from how much memory on it fits, what a faster card would save. */
export function* deviceSensitivity(plan: Plan, key: string, cache: EstimateCache): Generator<void, string | undefined> {
  const known = DEVICE_NUMBERS[key as DeviceNumberKey];
  const made = cache.brief(plan);
  yield;
  if (!known || 'failure' in made) return undefined;
  const { field } = known;
  const { host, time } = made.estimate;
  const about = `\`${key}\` for plan \`${plan.name}\``;
  if (field === 'memory' || field === 'reserve') {
    const { value } = yield* cache.answer(['border', { ...plan, order: [] }, field], () =>
      findSteps({ ...plan, order: [] }, { name: key }, field === 'memory' ? 'min' : 'max', estimate),
    );
    if (value === undefined) return `${about}: no value makes it fit.`;
    const served = field === 'memory' ? plan.device.memory >= value : plan.device.reserve <= value;
    const way = field === 'memory' ? 'from' : 'up to';
    return `${about}: ${served ? `fits ${way}` : `does not fit; it would ${way}`} **${formatBytes(value)}**.`;
  }
  if (field === 'hostMemory') return `${about}: ${host ? `${formatBytes(host.cpu)} of it are used by each card` : 'unused'}.`;
  const faster = cache.trial({ ...plan, device: { ...plan.device, [field]: plan.device[field] * 1.1 } });
  if ('failure' in faster) return undefined;
  const percent = (100 * (faster.step / time.step - 1)).toFixed(1).replace('-', '−');
  return `${about}: 10 % more of it, ${percent} % of the step’s ${formatTime(time.step)}.`;
}
