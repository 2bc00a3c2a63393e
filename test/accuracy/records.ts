/** Published measurements of training memory, one record each; see `test/golden/README.md`. */
import golden from '../golden/measurements.json';

export interface Record {
  id: string;
  /** Key into `sources`. */
  source: string;
  /** Records of one table: correlated, so averaged before tables are. */
  group: string;
  quality: string;
  devices: number;
  model: {
    name: string;
    layers: number;
    hidden: number;
    ffn: number;
    heads: number;
    kv_heads: number;
    head_dim: number;
    vocab?: number;
    tied_embeddings?: boolean;
    patch_size?: number;
  };
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
  measured: { metric: string; gib: number; range: [number, number]; unit: string };
}

export const records = golden.records as unknown as Record[];
export const sources = golden.sources as { [key: string]: { title: string } };
