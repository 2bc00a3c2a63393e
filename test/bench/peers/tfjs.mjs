// TensorFlow.js on WebGPU, as its users write it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Its builds for Node leave out the gradients, so its modules are bundled once. */
const ENTRY = `export * from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';`;

export async function load(folder) {
  const outfile = join(folder, 'tfjs-bundle.mjs');
  if (!existsSync(outfile))
    await build({
      stdin: { contents: ENTRY, resolveDir: folder },
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
      format: 'esm',
      target: 'node20',
      outfile,
      logLevel: 'error',
    });
  const tf = await import(pathToFileURL(outfile).href);
  await tf.setBackend('webgpu');
  await tf.ready();
  // Small tensors stay on the device too.
  tf.env().set('WEBGPU_CPU_HANDOFF_SIZE_THRESHOLD', 0);
  const device = () => tf.backend().device;
  const wait = async () => {
    tf.backend().endComputePassEncoder();
    // A read has submitted everything already.
    if (tf.backend().commandEncoder) tf.backend().submitQueue();
    await device().queue.onSubmittedWorkDone();
  };
  const kernel = (work) => ({ run: () => tf.dispose(tf.tidy(work)), wait });
  const random = (...shape) => tf.keep(tf.randomUniform(shape, -1, 1));
  const rms = (x, gain, epsilon) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), gain);
  const mask = (length) => tf.keep(tf.mul(tf.sub(tf.linalg.bandPart(tf.ones([length, length]), -1, 0), 1), 1e9));
  const attend = (q, k, v, causal) =>
    tf.matMul(tf.softmax(tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1))), causal)), v);
  return {
    device,
    matmul(form, n) {
      const [a, b] = [random(n, n), random(n, n)];
      return kernel(() => tf.matMul(a, b, form === 'tn', form === 'nt'));
    },
    softmax(rows, columns) {
      const x = random(rows, columns);
      return kernel(() => tf.softmax(x));
    },
    rmsnorm(rows, columns) {
      const [x, gain] = [random(rows, columns), random(columns)];
      return kernel(() => rms(x, gain, 1e-6));
    },
    attention(heads, sequence, width) {
      const [q, k, v] = [1, 2, 3].map(() => random(heads, sequence, width));
      const causal = mask(sequence);
      return kernel(() => attend(q, k, v, causal));
    },
    attentionBackward(heads, sequence, width) {
      const [q, k, v, up] = [1, 2, 3, 4].map(() => random(heads, sequence, width));
      const causal = mask(sequence);
      const gradient = tf.grads((a, b, c) => attend(a, b, c, causal));
      return kernel(() => gradient([q, k, v], up));
    },
    model(shape, weights, cosines, sines) {
      const { layers, hidden, heads, headDim, vocab, batch, sequence, normEpsilon } = shape;
      const w = Object.fromEntries(
        Object.entries(weights).map(([name, { shape: dims, data }]) => [name, tf.variable(tf.tensor(data, dims), true, name)]),
      );
      const half = headDim / 2;
      const [cos, sin] = [cosines, sines].map((values) => tf.keep(tf.tensor(values, [sequence, half])));
      const causal = mask(sequence);
      const split = (x) => tf.transpose(tf.reshape(x, [batch, sequence, heads, headDim]), [0, 2, 1, 3]);
      const rotate = (x) => {
        const [a, b] = tf.split(x, 2, -1);
        return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
      };
      const linear = (x, name) => tf.matMul(x, w[name], false, true);
      const loss = (tokens, targets) => {
        let x = tf.gather(w.embed, tokens);
        for (let layer = 0; layer < layers; layer++) {
          const n1 = rms(x, w[`norm1@${layer}`], normEpsilon);
          const [q, k] = ['q', 'k'].map((name) => rotate(split(linear(n1, `attn.${name}@${layer}`))));
          const o = attend(q, k, split(linear(n1, `attn.v@${layer}`)), causal);
          x = tf.add(x, linear(tf.reshape(tf.transpose(o, [0, 2, 1, 3]), [batch * sequence, hidden]), `attn.o@${layer}`));
          const n2 = rms(x, w[`norm2@${layer}`], normEpsilon);
          const gate = linear(n2, `mlp.gate@${layer}`);
          x = tf.add(x, linear(tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(n2, `mlp.up@${layer}`)), `mlp.down@${layer}`));
        }
        const logits = linear(rms(x, w.norm, normEpsilon), 'head');
        return tf.losses.softmaxCrossEntropy(tf.oneHot(targets, vocab), logits);
      };
      const optimizer = tf.train.adam(1e-3, shape.beta1, shape.beta2, shape.epsilon);
      return {
        async step(tokens, targets, learningRate) {
          optimizer.learningRate = learningRate;
          const [t, y] = [tf.tensor1d(tokens, 'int32'), tf.tensor1d(targets, 'int32')];
          const value = optimizer.minimize(() => loss(t, y), true);
          const [result] = await value.data();
          tf.dispose([t, y, value]);
          await wait();
          return result;
        },
      };
    },
  };
}
