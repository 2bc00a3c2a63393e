// jax-js on WebGPU, as its users write it: whole functions compiled by `jit`. An array is used up by what it is given to;
// `.ref` keeps it for another use.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export async function load(folder) {
  const jax = await import(pathToFileURL(join(folder, 'node_modules', '@jax-js', 'jax', 'dist', 'index.js')).href);
  const { numpy: np, nn, jit, valueAndGrad, vjp, tree, blockUntilReady } = jax;
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  const device = () => jax.getWebGPUDevice();
  const random = (...shape) =>
    np.array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() * 2 - 1)).reshape(shape);
  /** Results are asked for before they are given up: what nobody waits for is never computed. */
  const kernel = (work, inputs) => {
    const compiled = jit(work);
    let results = [];
    return {
      run: () => {
        results.push(compiled(...inputs.map((input) => input.ref)));
      },
      wait: async () => {
        await blockUntilReady(results);
        for (const result of results) tree.dispose(result);
        results = [];
      },
    };
  };
  const transposed = (x) => np.matrixTranspose(x);
  const rms = (x, gain, epsilon) => {
    const scale = np.sqrt(np.mean(x.ref.mul(x.ref), -1, { keepdims: true }).add(epsilon));
    return x.div(scale).mul(gain);
  };
  const mask = (length) =>
    np
      .array(Float32Array.from({ length: length * length }, (_, at) => (at % length > Math.floor(at / length) ? -1e9 : 0)))
      .reshape([length, length]);
  const attend = (q, k, v, causal) => {
    const scale = 1 / Math.sqrt(q.shape.at(-1));
    return np.matmul(nn.softmax(np.matmul(q, transposed(k)).mul(scale).add(causal), -1), v);
  };
  return {
    device,
    matmul(form, n) {
      const work = {
        nn: (a, b) => np.matmul(a, b),
        nt: (a, b) => np.matmul(a, transposed(b)),
        tn: (a, b) => np.matmul(transposed(a), b),
      };
      return kernel(work[form], [random(n, n), random(n, n)]);
    },
    softmax: (rows, columns) => kernel((x) => nn.softmax(x, -1), [random(rows, columns)]),
    rmsnorm: (rows, columns) => kernel((x, gain) => rms(x, gain, 1e-6), [random(rows, columns), random(columns)]),
    attention: (heads, sequence, width) =>
      kernel(attend, [...[1, 2, 3].map(() => random(heads, sequence, width)), mask(sequence)]),
    attentionBackward(heads, sequence, width) {
      const work = (q, k, v, up, causal) => {
        const [out, back] = vjp((a, b, c) => attend(a, b, c, causal), [q, k, v]);
        out.dispose();
        const gradients = back(up);
        back.dispose?.();
        return gradients;
      };
      return kernel(work, [...[1, 2, 3, 4].map(() => random(heads, sequence, width)), mask(sequence)]);
    },
    model(shape, weights, cosines, sines) {
      const { layers, hidden, heads, headDim, vocab, batch, sequence, normEpsilon, beta1, beta2, epsilon } = shape;
      const half = headDim / 2;
      const array = (data, dims) => np.array(data).reshape([...dims]);
      const names = Object.keys(weights);
      let parameters = Object.fromEntries(names.map((name) => [name, array(weights[name].data, weights[name].shape)]));
      const zeros = () => Object.fromEntries(names.map((name) => [name, np.zeros([...weights[name].shape])]));
      let [mean, square] = [zeros(), zeros()];
      const table = { cos: array(cosines, [sequence, half]), sin: array(sines, [sequence, half]), causal: mask(sequence) };
      const split = (x) => np.transpose(x.reshape([batch, sequence, heads, headDim]), [0, 2, 1, 3]);
      const rotate = (x, { cos, sin }) => {
        const [a, b] = np.split(x, 2, -1);
        return np.concatenate([a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref)), b.mul(cos.ref).add(a.mul(sin.ref))], -1);
      };
      const loss = (w, hot, labels, t) => {
        const linear = (x, name) => np.matmul(x, transposed(w[name].ref));
        let x = np.matmul(hot, w.embed.ref);
        for (let layer = 0; layer < layers; layer++) {
          const n1 = rms(x.ref, w[`norm1@${layer}`].ref, normEpsilon);
          const q = rotate(split(linear(n1.ref, `attn.q@${layer}`)), t);
          const k = rotate(split(linear(n1.ref, `attn.k@${layer}`)), t);
          const o = attend(q, k, split(linear(n1, `attn.v@${layer}`)), t.causal.ref);
          x = x.add(linear(np.transpose(o, [0, 2, 1, 3]).reshape([batch * sequence, hidden]), `attn.o@${layer}`));
          const n2 = rms(x.ref, w[`norm2@${layer}`].ref, normEpsilon);
          x = x.add(linear(nn.silu(linear(n2.ref, `mlp.gate@${layer}`)).mul(linear(n2, `mlp.up@${layer}`)), `mlp.down@${layer}`));
        }
        const logits = linear(rms(x, w.norm.ref, normEpsilon), 'head');
        const value = np.sum(nn.logSoftmax(logits, -1).mul(labels)).mul(-1 / (batch * sequence));
        tree.dispose(w);
        tree.dispose(t);
        return value;
      };
      const update = jit((w, m, v, tokens, targets, t, rate, first, second) => {
        const hot = nn.oneHot(tokens, vocab);
        const labels = nn.oneHot(targets, vocab);
        const [value, gradients] = valueAndGrad((parameters) => loss(parameters, hot, labels, t))(tree.ref(w));
        const next = { w: {}, m: {}, v: {} };
        for (const name of names) {
          const gradient = gradients[name];
          next.m[name] = m[name].mul(beta1).add(gradient.ref.mul(1 - beta1));
          next.v[name] = v[name].mul(beta2).add(gradient.ref.mul(gradient).mul(1 - beta2));
          const root = np.sqrt(next.v[name].ref.mul(second.ref)).add(epsilon);
          next.w[name] = w[name].sub(next.m[name].ref.mul(first.ref).mul(rate.ref).div(root));
        }
        for (const one of [rate, first, second]) one.dispose();
        return [value, next.w, next.m, next.v];
      });
      let steps = 0;
      return {
        async step(tokens, targets, learningRate) {
          steps += 1;
          const scalar = (number) => np.array(number);
          const [value, w, m, v] = update(
            parameters,
            mean,
            square,
            np.array(tokens, { dtype: 'int32' }),
            np.array(targets, { dtype: 'int32' }),
            tree.ref(table),
            scalar(learningRate),
            scalar(1 / (1 - beta1 ** steps)),
            scalar(1 / (1 - beta2 ** steps)),
          );
          [parameters, mean, square] = [w, m, v];
          await blockUntilReady([w, m, v]);
          const [result] = await value.data();
          return result;
        },
      };
    },
  };
}
