/** Loss and gradients of a Llama-like model in double precision, with every score stored: the oracle of the engine. */
import type { Model } from '../../plan/types';
import { type Array64, addInto, plus, productNn, productNt, productTn, scaled } from './arrays';
import { crossEntropy, type Objective } from './objectives';

export interface ReferenceModel extends Pick<Model, 'layers' | 'hidden' | 'heads' | 'kvHeads' | 'headDim' | 'ffn' | 'vocab'> {
  tied: boolean;
  batch: number;
  sequence: number;
  normEpsilon: number;
  /** alpha / rank of adapters; 0 without any. */
  adapterScale: number;
  adapterRank: number;
  /** Two streams that each layer multiplies by this and adds to in turn (a reversible network); one stream where nothing is said. */
  coupling?: number;
  /** What is made small; cross-entropy where nothing is said. */
  objective?: Objective;
}

/** By name, and for a layer's weights name@layer. */
export type Weights64 = Map<string, Array64>;

/** Loss of a batch, and its gradients once they are asked for. Rows are position-major: row = position · batch + sample. A target below zero is ignored. */
export function lossOf(
  model: ReferenceModel,
  weights: Weights64,
  tokens: readonly number[],
  targets: readonly number[],
): { loss: number; gradients(): Weights64 } {
  const weight = (name: string): Array64 => {
    const found = weights.get(name);
    if (!found) throw new Error(`reference: no weight ${name}`);
    return found;
  };
  const { hidden, vocab } = model;
  const rows = model.batch * model.sequence;

  let x: Array64 = new Float64Array(rows * hidden);
  tokens.forEach((token, row) => {
    x.set(weight('embed').subarray(token * hidden, (token + 1) * hidden), row * hidden);
  });
  const layers: ReturnType<typeof forwardLayer>[] = [];
  const { coupling } = model;
  // Both streams of a reversible network begin with the embeddings, and the head reads their sum.
  let first: Array64 = x;
  for (let layer = 0; layer < model.layers; layer++) {
    const pass = forwardLayer(
      model,
      (name) => weight(`${name}@${layer}`),
      (name) => weights.get(`${name}@${layer}`),
      x,
      coupling === undefined ? undefined : { first, factor: coupling },
    );
    layers.push(pass);
    x = pass.y;
    first = pass.h;
  }
  const last = coupling === undefined ? x : plus(x, first);
  const n = norm(last, weight('norm'), rows, hidden, model.normEpsilon);
  const headName = model.tied ? 'embed' : 'head';
  const logits = productNt(n, weight(headName), rows, vocab, hidden);
  const { loss, dlogits } = (model.objective ?? crossEntropy)(logits, vocab, targets);
  const backward = (): Weights64 => {
    const gradients: Weights64 = new Map([...weights].map(([name, values]) => [name, new Float64Array(values.length)]));
    const gradient = (name: string): Array64 => gradients.get(name) as Array64;
    addInto(gradient(headName), productTn(dlogits, n, vocab, hidden, rows));
    const dn = productNn(dlogits, weight(headName), rows, hidden, vocab);
    let dx = normBackward(last, weight('norm'), dn, gradient('norm'), rows, hidden, model.normEpsilon);
    let dfirst = dx;
    for (let layer = model.layers - 1; layer >= 0; layer--)
      ({ dx, dfirst } = backwardLayer(
        model,
        (name) => weight(`${name}@${layer}`),
        (name) => weights.get(`${name}@${layer}`),
        (name) => gradient(`${name}@${layer}`),
        layers[layer] as ReturnType<typeof forwardLayer>,
        dx,
        coupling === undefined ? undefined : { dfirst, factor: coupling },
      ));
    if (coupling !== undefined) dx = plus(dx, dfirst);
    const embedGradient = gradient('embed');
    tokens.forEach((token, row) => {
      for (let c = 0; c < hidden; c++)
        embedGradient[token * hidden + c] = (embedGradient[token * hidden + c] as number) + (dx[row * hidden + c] as number);
    });
    return gradients;
  };
  return { loss, gradients: backward };
}

type Get = (name: string) => Array64;
type Maybe = (name: string) => Array64 | undefined;

function norm(x: Array64, gain: Array64, rows: number, columns: number, epsilon: number): Array64 {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const rstd = rstdOf(x, row, columns, epsilon);
    for (let c = 0; c < columns; c++) out[row * columns + c] = (x[row * columns + c] as number) * rstd * (gain[c] as number);
  }
  return out;
}

function rstdOf(x: Array64, row: number, columns: number, epsilon: number): number {
  let sum = 0;
  for (let c = 0; c < columns; c++) sum += (x[row * columns + c] as number) ** 2;
  return 1 / Math.sqrt(sum / columns + epsilon);
}

function normBackward(
  x: Array64,
  gain: Array64,
  dy: Array64,
  dgain: Array64,
  rows: number,
  columns: number,
  epsilon: number,
): Array64 {
  const dx = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const rstd = rstdOf(x, row, columns, epsilon);
    let mean = 0;
    for (let c = 0; c < columns; c++) {
      const at = row * columns + c;
      const hat = (x[at] as number) * rstd;
      mean += ((dy[at] as number) * (gain[c] as number) * hat) / columns;
      dgain[c] = (dgain[c] as number) + (dy[at] as number) * hat;
    }
    for (let c = 0; c < columns; c++) {
      const at = row * columns + c;
      dx[at] = rstd * ((dy[at] as number) * (gain[c] as number) - (x[at] as number) * rstd * mean);
    }
  }
  return dx;
}

/** Rotates halves of each head by the row's position; `direction` −1 turns back. */
function rotate(x: Array64, model: ReferenceModel, heads: number, direction: number): Array64 {
  const { headDim, batch, sequence } = model;
  const half = headDim / 2;
  const out = x.slice();
  for (let row = 0; row < batch * sequence; row++)
    for (let head = 0; head < heads; head++)
      for (let j = 0; j < half; j++) {
        const angle = Math.floor(row / batch) * 10_000 ** ((-2 * j) / headDim) * direction;
        const at = (row * heads + head) * headDim + j;
        const [a, b] = [x[at] as number, x[at + half] as number];
        out[at] = a * Math.cos(angle) - b * Math.sin(angle);
        out[at + half] = b * Math.cos(angle) + a * Math.sin(angle);
      }
  return out;
}

const shapeOf = (model: ReferenceModel, name: string): [number, number] => {
  const { hidden, heads, kvHeads, headDim, ffn } = model;
  const shapes: { [name: string]: [number, number] } = {
    'attn.q': [heads * headDim, hidden],
    'attn.k': [kvHeads * headDim, hidden],
    'attn.v': [kvHeads * headDim, hidden],
    'attn.o': [hidden, heads * headDim],
    'mlp.gate': [ffn, hidden],
    'mlp.up': [ffn, hidden],
    'mlp.down': [hidden, ffn],
  };
  return shapes[name] as [number, number];
};

/** x · Wᵀ, with the adapter's product where there is one. */
function linear(model: ReferenceModel, get: Get, maybe: Maybe, name: string, x: Array64): Array64 {
  const rows = model.batch * model.sequence;
  const [n, k] = shapeOf(model, name);
  const y = productNt(x, get(name), rows, n, k);
  const [a, b] = [maybe(`${name}.lora_a`), maybe(`${name}.lora_b`)];
  if (!a || !b) return y;
  const inner = productNt(x, a, rows, model.adapterRank, k);
  return plus(y, scaled(productNt(inner, b, rows, n, model.adapterRank), model.adapterScale));
}

function linearBackward(
  model: ReferenceModel,
  get: Get,
  maybe: Maybe,
  gradient: Get,
  name: string,
  x: Array64,
  dy: Array64,
): Array64 {
  const rows = model.batch * model.sequence;
  const [n, k] = shapeOf(model, name);
  addInto(gradient(name), productTn(dy, x, n, k, rows));
  const dx = productNn(dy, get(name), rows, k, n);
  const [a, b] = [maybe(`${name}.lora_a`), maybe(`${name}.lora_b`)];
  if (!a || !b) return dx;
  const rank = model.adapterRank;
  const upstream = scaled(dy, model.adapterScale);
  addInto(gradient(`${name}.lora_b`), productTn(upstream, productNt(x, a, rows, rank, k), n, rank, rows));
  const inner = productNn(upstream, b, rows, rank, n);
  addInto(gradient(`${name}.lora_a`), productTn(inner, x, rank, k, rows));
  return plus(dx, productNn(inner, a, rows, k, rank));
}

function forwardLayer(model: ReferenceModel, get: Get, maybe: Maybe, x: Array64, coupled?: { first: Array64; factor: number }) {
  const rows = model.batch * model.sequence;
  const { hidden, heads, kvHeads, normEpsilon } = model;
  const project = (name: string, input: Array64) => linear(model, get, maybe, name, input);
  const n1 = norm(x, get('norm1'), rows, hidden, normEpsilon);
  const q = rotate(project('attn.q', n1), model, heads, 1);
  const k = rotate(project('attn.k', n1), model, kvHeads, 1);
  const v = project('attn.v', n1);
  const { o, probabilities } = attention(model, q, k, v);
  const h = plus(coupled ? scaled(coupled.first, coupled.factor) : x, project('attn.o', o));
  const n2 = norm(h, get('norm2'), rows, hidden, normEpsilon);
  const gate = project('mlp.gate', n2);
  const up = project('mlp.up', n2);
  const z = gate.map((a, i) => (a / (1 + Math.exp(-a))) * (up[i] as number));
  const y = plus(coupled ? scaled(x, coupled.factor) : h, project('mlp.down', z));
  return { x, n1, q, k, v, o, probabilities, h, n2, gate, up, z, y };
}

/** Visits every head of every sample with the offsets of its query and key rows. */
function eachHead(
  model: ReferenceModel,
  visit: (q: (position: number) => number, k: (position: number) => number, index: number) => void,
): void {
  const { batch, heads, kvHeads, headDim } = model;
  for (let sample = 0; sample < batch; sample++)
    for (let head = 0; head < heads; head++) {
      const kv = Math.floor(head / (heads / kvHeads));
      visit(
        (position) => ((position * batch + sample) * heads + head) * headDim,
        (position) => ((position * batch + sample) * kvHeads + kv) * headDim,
        sample * heads + head,
      );
    }
}

function attention(model: ReferenceModel, q: Array64, k: Array64, v: Array64) {
  const { sequence, headDim, heads, batch } = model;
  const o = new Float64Array(q.length);
  const probabilities = new Float64Array(batch * heads * sequence * sequence);
  const scale = 1 / Math.sqrt(headDim);
  eachHead(model, (atQ, atK, index) => {
    for (let i = 0; i < sequence; i++) {
      const scores = Array.from({ length: i + 1 }, (_, j) => {
        let sum = 0;
        for (let x = 0; x < headDim; x++) sum += (q[atQ(i) + x] as number) * (k[atK(j) + x] as number);
        return sum * scale;
      });
      const high = Math.max(...scores);
      const total = scores.reduce((sum, score) => sum + Math.exp(score - high), 0);
      scores.forEach((score, j) => {
        const p = Math.exp(score - high) / total;
        probabilities[(index * sequence + i) * sequence + j] = p;
        for (let x = 0; x < headDim; x++) o[atQ(i) + x] = (o[atQ(i) + x] as number) + p * (v[atK(j) + x] as number);
      });
    }
  });
  return { o, probabilities };
}

function attentionBackward(model: ReferenceModel, pass: ReturnType<typeof forwardLayer>, dout: Array64) {
  const { sequence, headDim } = model;
  const { q, k, v, probabilities } = pass;
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  const scale = 1 / Math.sqrt(headDim);
  eachHead(model, (atQ, atK, index) => {
    for (let i = 0; i < sequence; i++) {
      const p = (j: number) => probabilities[(index * sequence + i) * sequence + j] as number;
      const dp = Array.from({ length: i + 1 }, (_, j) => {
        let sum = 0;
        for (let x = 0; x < headDim; x++) sum += (dout[atQ(i) + x] as number) * (v[atK(j) + x] as number);
        return sum;
      });
      const mean = dp.reduce((sum, value, j) => sum + value * p(j), 0);
      dp.forEach((value, j) => {
        const ds = p(j) * (value - mean) * scale;
        for (let x = 0; x < headDim; x++) {
          dq[atQ(i) + x] = (dq[atQ(i) + x] as number) + ds * (k[atK(j) + x] as number);
          dk[atK(j) + x] = (dk[atK(j) + x] as number) + ds * (q[atQ(i) + x] as number);
          dv[atK(j) + x] = (dv[atK(j) + x] as number) + p(j) * (dout[atQ(i) + x] as number);
        }
      });
    }
  });
  return { dq, dk, dv };
}

function backwardLayer(
  model: ReferenceModel,
  get: Get,
  maybe: Maybe,
  gradient: Get,
  pass: ReturnType<typeof forwardLayer>,
  dy: Array64,
  coupled?: { dfirst: Array64; factor: number },
): { dx: Array64; dfirst: Array64 } {
  const rows = model.batch * model.sequence;
  const { hidden, heads, kvHeads, normEpsilon } = model;
  const back = (name: string, input: Array64, upstream: Array64) =>
    linearBackward(model, get, maybe, gradient, name, input, upstream);
  const { gate, up } = pass;
  const dz = back('mlp.down', pass.z, dy);
  const sigmoid = gate.map((a) => 1 / (1 + Math.exp(-a)));
  const dgate = dz.map((d, i) => {
    const s = sigmoid[i] as number;
    return d * (up[i] as number) * s * (1 + (gate[i] as number) * (1 - s));
  });
  const dup = dz.map((d, i) => d * (gate[i] as number) * (sigmoid[i] as number));
  const dn2 = plus(back('mlp.gate', pass.n2, dgate), back('mlp.up', pass.n2, dup));
  const dh = plus(coupled?.dfirst ?? dy, normBackward(pass.h, get('norm2'), dn2, gradient('norm2'), rows, hidden, normEpsilon));
  const { dq, dk, dv } = attentionBackward(model, pass, back('attn.o', pass.o, dh));
  const dn1 = plus(
    plus(back('attn.q', pass.n1, rotate(dq, model, heads, -1)), back('attn.k', pass.n1, rotate(dk, model, kvHeads, -1))),
    back('attn.v', pass.n1, dv),
  );
  const dn = normBackward(pass.x, get('norm1'), dn1, gradient('norm1'), rows, hidden, normEpsilon);
  if (!coupled) return { dx: plus(dh, dn), dfirst: dh };
  return { dx: plus(scaled(dy, coupled.factor), dn), dfirst: scaled(dh, coupled.factor) };
}
