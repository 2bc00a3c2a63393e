/** Why an estimate is off, as far as it is known: the first pattern that fits a record's id. */
const CAUSES: readonly [RegExp, string][] = [
  [
    /^swift-tuner-lora-packing$/,
    'lengths of packed rows are not published: all of 2048 tokens would be 19.5 GiB, each new ones 32.8',
  ],
  [
    /^swift-tuner/,
    'labels are few of the tokens, so that the blocks of their logits have lengths of their own beside the batches',
  ],
  [/^swift-lora-zephyr-7b-8192/, 'not known: the one row of this model that is longer than its window of 4096 tokens'],
  [
    /^swift-lora-chatglm3/,
    "not known: it grows faster than the length, as if the model's own code wrote attention's products out, and less of it is there below 4096 tokens",
  ],
  [/^swift-.*bnb/, "what bitsandbytes 0.41 and PEFT's preparation leave behind in the cache while they load"],
  [
    /^swift-/,
    'reserved after shuffled lengths is a draw, the same for every row of a length: six new longest batches are assumed',
  ],
  [/^qwen-readme-.*qlora/, "the communicator that DeepSpeed opens, and the 16-bit weights that AutoGPTQ's training path makes"],
  [/^qwen-readme-qwen-7b-lora-8192/, 'one block of float32 logits more is held than in the run'],
  [/^qwen-readme/, "how the memory was read is not published; taken as the card's total in 10⁹ bytes"],
  [
    /^litgpt-hub-.*nf4/,
    "bitsandbytes keeps half a GiB more than the graph's inputs and the copies of matrices; what is not known",
  ],
  [/^litgpt-res-.*nf4/, "bitsandbytes 0.41 keeps more than the products' inputs; what, its source of the time would say"],
  [
    /^torchtune-ladder3b-adamw8bit/,
    'which 8-bit AdamW ran is not published: the tied table updated through float32 copies, as torchao does it, is 1.5 GiB more',
  ],
  [/^torchtune-l2-7b-full-paged/, 'whether managed pages of the optimizer count in the reading is not published'],
  [/^torchtune-l2-7b/, 'metric not published (taken as reserved)'],
  [/^torchtune-l31-8b/, 'packed attention through FlexAttention, and the recipe of the day, are not in the record'],
  [
    /^hf-bert/,
    "transformers' own AdamW of the time updates in a loop with several temporaries, and the card's total holds every cached block",
  ],
  [/galore-|^qgal/, "the script's note does not say how memory was read (taken as the card's total) nor in which unit"],
  [/^streambp-.*stream-/, 'chunk size inside a layer is not published (500 is assumed; the scripts had 500, 3000 and 5000)'],
  [/^streambp-/, 'read off a figure'],
  [
    /^titan-t4/,
    "collectives of tensor parallelism keep their tensors until the host meets an event (record_stream: torchtitan's issue 735); how many wait depends on how far the host is ahead",
  ],
  [
    /^titan-t5-405b-interleaved/,
    'how the blocks of eight micro-batches come to lie beside one another is simulated with one at a time',
  ],
  [/^titan-t6-405b-cp8/, 'published as 7 GiB above the same step over four cards a sequence, which has the same tensors'],
  [/^fms-mi.tral/, 'cosines and sines of 32,768 positions in every layer, as transformers kept them at the time: 0.5 GiB'],
  [
    /^fsdp-qlora-llama70b-qlora-offload/,
    'the printed figure is the most that was reserved of the whole run, from loading on; not known which moment it was',
  ],
  [/^fsdp-qlora-/, 'reserved: gathered parameters wait for their streams (record_stream) before the allocator has them again'],
  [/^simumax-/, 'TransformerEngine keeps a placeholder of each shape of weight gradient in the compute type'],
  [/^titan-pr996-after/, 'whole logits are cut into chunks inside the loss; modelled are chunks of the head too'],
  [/^ao-vith/, "timm's model under a whole-model compile keeps less than layer by layer"],
];

export const causeOf = (id: string): string => CAUSES.find(([pattern]) => pattern.test(id))?.[1] ?? 'not known';
