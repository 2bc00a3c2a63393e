/** Recorded trajectories of GaLore's optimizer: the form of the file, read with every mistake said in words. */

export interface TrajectoryCase {
  name: string;
  rows: number;
  columns: number;
  rank: number;
  every: number;
  scale: number;
  steps: number;
  learningRate: number;
  decay: number;
  side: 'left' | 'right';
  beta1: number;
  beta2: number;
  epsilon: number;
  before: Float64Array;
  gradients: Float64Array[];
  afterFirst: Float64Array;
  afterLast: Float64Array;
  stateShape: number[];
  projectorShape: number[];
}

/** Elements of one matrix that are taken: beyond them a replay is no check but a load. */
const MOST_ELEMENTS = 2 ** 24;

type Plain = { [key: string]: unknown };
export class TrajectoryError extends Error {}

export function readTrajectories(content: unknown): TrajectoryCase[] {
  const file = content as Plain | null;
  if (typeof file !== 'object' || file === null || !Array.isArray(file.cases))
    throw new TrajectoryError('The file has no list named cases: it should be a JSON object { "cases": [ … ] }.');
  if (file.cases.length === 0) throw new TrajectoryError('The file has no cases: there is nothing to verify.');
  return file.cases.map((entry, index) => readCase(entry, index));
}

function readCase(entry: unknown, index: number): TrajectoryCase {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new TrajectoryError(`Case ${index + 1} is no object.`);
  const fields = entry as Plain;
  const name = typeof fields.name === 'string' && fields.name ? fields.name : `${index + 1}`;
  const fail = (message: string): never => {
    throw new TrajectoryError(`Case ${name}: ${message}.`);
  };
  const number = (key: string, low: number, standard?: number): number => {
    const value = fields[key] ?? standard;
    if (typeof value !== 'number' || !Number.isFinite(value))
      return fail(`${key} should be a number${value === undefined ? ', and is missing' : ''}`);
    return value < low ? fail(`${key} is ${value}; it should be at least ${low}`) : value;
  };
  const count = (key: string): number => {
    const value = number(key, 1);
    return Number.isInteger(value) ? value : fail(`${key} is ${value}; it should be a whole number`);
  };
  const [rows, columns, rank, steps] = [count('rows'), count('cols'), count('rank'), count('steps')];
  if (rows * columns > MOST_ELEMENTS) fail(`a matrix of ${rows} × ${columns} is larger than ${MOST_ELEMENTS} elements`);
  const small = Math.min(rows, columns);
  if (rank > small) fail(`rank ${rank} is larger than the smaller side, ${small}`);
  const matrix = (value: unknown, key: string): Float64Array => {
    if (!Array.isArray(value)) return fail(`${key} should be a list of ${rows * columns} numbers`);
    // Nested rows are taken as well as a flat list.
    const flat = value.length > 0 && Array.isArray(value[0]) ? value.flat() : value;
    if (flat.length !== rows * columns)
      return fail(`${key} has ${flat.length} numbers; ${rows} × ${columns} makes ${rows * columns}`);
    const wrong = flat.findIndex((x) => typeof x !== 'number' || !Number.isFinite(x));
    return wrong >= 0
      ? fail(`${key} holds ${JSON.stringify(flat[wrong])} at place ${wrong}, which is no finite number`)
      : Float64Array.from(flat);
  };
  if (!Array.isArray(fields.gradients)) return fail('gradients should be a list, one matrix for each step');
  if (fields.gradients.length !== steps) fail(`there are ${fields.gradients.length} gradients for ${steps} steps`);
  const shape = (key: string): number[] => {
    const value = fields[key];
    const valid = Array.isArray(value) && value.length === 2 && value.every((x) => Number.isInteger(x));
    return valid ? (value as number[]) : fail(`${key} should be a list of two whole numbers`);
  };
  const betas = fields.betas ?? [0.9, 0.999];
  if (!Array.isArray(betas) || betas.length !== 2 || betas.some((beta) => typeof beta !== 'number' || !(beta >= 0 && beta < 1)))
    return fail('betas should be two numbers from 0 up to 1');
  const type = fields.proj_type ?? 'std';
  const sides: { [type: string]: 'left' | 'right' } = {
    std: rows >= columns ? 'right' : 'left',
    reverse_std: rows >= columns ? 'left' : 'right',
    left: 'left',
    right: 'right',
  };
  const side = sides[String(type)];
  if (!side) return fail(`proj_type ${JSON.stringify(type)} is not known; std, reverse_std, left and right are`);
  return {
    name,
    rows,
    columns,
    rank,
    every: count('update_proj_gap'),
    scale: number('scale', 0),
    steps,
    learningRate: number('lr', 0),
    decay: number('weight_decay', 0, 0),
    side,
    beta1: betas[0],
    beta2: betas[1],
    epsilon: number('eps', 0, 1e-6),
    before: matrix(fields.weight_before, 'weight_before'),
    gradients: fields.gradients.map((gradient, step) => matrix(gradient, `gradients[${step}]`)),
    afterFirst: matrix(fields.weight_after_first, 'weight_after_first'),
    afterLast: matrix(fields.weight_after_last, 'weight_after_last'),
    stateShape: shape('state_shape'),
    projectorShape: shape('projector_shape'),
  };
}
