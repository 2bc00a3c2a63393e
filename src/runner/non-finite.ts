/** Where a value that is no number first appeared in a run: the run is repeated to there, and its last steps are watched op by op. */
import type { LinearOp } from '../tape/linear';
import type { Trainer } from './trainer';

/** Name of an op for people: what it is, of which layer, and in which pass. */
const opName = ({ node, layer, phase }: LinearOp): string => {
  const name = node.label && node.label !== node.op ? `${node.op} (${node.label})` : node.op;
  return `${name}${layer === undefined ? '' : ` of layer ${layer}`} in ${phase}`;
};

/** Words of an op's result that are numbers by intent: none of a range only set aside, not those beside a tile's columns. */
function written(op: LinearOp): (word: number) => boolean {
  const { attrs = {} } = op.node;
  if (op.node.op === 'reserve') return () => false;
  if (attrs.tiled !== true || attrs.form !== 'nt') return () => true;
  const columns = Number(attrs.n);
  const width = Math.min(columns, Number(attrs.vocab) - (op.path[op.path.length - 1] ?? 0) * columns);
  return (word) => word % columns < width;
}

/** Runs one step of a trainer op by op, and names the first op that wrote a value that is no number; null where none did. */
export async function firstNonFinite(
  trainer: Trainer,
  index: number,
  batch: Parameters<Trainer['watch']>[1],
  learningRate: number,
): Promise<string | null> {
  const { program } = trainer;
  let first: string | null = null;
  await trainer.watch(index, batch, learningRate, async (op, words) => {
    if (first !== null) return;
    const meant = written(op);
    for (const storage of op.writes) {
      if (program.linear.storages[storage]?.dtype !== 'fp32') continue;
      const values = new Float32Array(await program.read(storage)).subarray(0, words.get(storage) ?? 0);
      if (values.some((value, word) => !Number.isFinite(value) && meant(word))) {
        first = opName(op);
        return;
      }
    }
  });
  return first;
}
