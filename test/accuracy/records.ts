/** Published measurements of training memory, one record each; see `test/golden/README.md`. */
import capacity from '../golden/capacity.json';
import golden from '../golden/measurements.json';

export interface PublishedModel {
  name: string;
  layers: number;
  hidden: number;
  ffn: number;
  heads: number;
  kv_heads: number;
  head_dim: number;
  vocab?: number;
  tied_embeddings?: boolean;
}

/** Its dimensions under the names of a plan. */
export const dimensionsOf = ({ layers, hidden, ffn, heads, kv_heads, head_dim }: PublishedModel) => ({
  layers,
  hidden,
  ffn,
  heads,
  kvHeads: kv_heads,
  headDim: head_dim,
});

/** What ran, and on what. */
export interface Configuration {
  id: string;
  /** Key into `sources`. */
  source: string;
  /** Records of one table: correlated, so averaged before tables are. */
  group: string;
  quality: string;
  devices: number;
  model: PublishedModel & { patch_size?: number };
  method: {
    type: string;
    lora_r?: number;
    lora_targets?: string | string[];
    modules_to_save?: string[];
    quant?: string;
    use_dora?: boolean;
    activated_layers?: number;
  };
  batch: number | null;
  sequence: number | null;
  precision: { weights: string; compute: string; autocast: boolean };
  optimizer: { name?: string; rank?: number; with_embedding?: boolean };
  gradients: { accumulation: number; in_backward: boolean };
  checkpointing: { mode: string };
  attention: string | null;
  loss: string | null;
  compile: boolean;
  offload: boolean;
  hardware: string;
}

export interface Record extends Configuration {
  measured: { metric: string; gib: number; range: [number, number]; unit: string };
}

/** The longest sequence that fits; `batch` and `sequence` are null where they are not published. */
export interface CapacityRecord extends Configuration {
  objective: string;
  /** Title of the table. */
  table: string;
}

export const capacityRecords = capacity.records as unknown as CapacityRecord[];
export const records = golden.records as unknown as Record[];
export const sources = golden.sources as { [key: string]: { title: string } };
