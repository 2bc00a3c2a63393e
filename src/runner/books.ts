/** What a step's tensors take of the arena, by what kernels and the host address of them. */
import { keyOf, type Linear, type Storage } from '../tape/linear';
import { align } from '../tape/webgpu/rules';
import { Ledger } from './ledger';

export interface Books {
  /** That so many bytes of a storage are addressed, from its start on. */
  touch(storage: number, bytes: number): void;
  /** Errors: `out-of-memory` above the cap. */
  bind(storage: number): void;
  unbind(storage: number): void;
  highWater(): number;
}

export function openBooks({ storages }: Linear, offsets: readonly number[], cap: number | undefined): Books {
  const ledger = new Ledger(cap);
  const addressed = new Float64Array(storages.length);
  return {
    touch: (storage, bytes) => {
      const { name, bytes: declared } = storages[storage] as Storage;
      if (bytes > declared) throw new Error(`runner: ${name} is addressed to ${bytes} of ${declared} bytes`);
      addressed[storage] = Math.max(addressed[storage] as number, bytes);
    },
    bind: (storage) => {
      const { name, layer, bytes } = storages[storage] as Storage;
      ledger.bind(keyOf(name, layer), offsets[storage] as number, bytes, align(addressed[storage] as number));
    },
    unbind: (storage) => ledger.unbind(offsets[storage] as number),
    highWater: () => ledger.highWater,
  };
}
