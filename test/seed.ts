/**
 * Random tests draw the same inputs in every ordinary run, so that a failure belongs to the change it appears with. Long hunts
 * draw others: `MEMPLAN_FUZZ_SEED=N`.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.MEMPLAN_FUZZ_SEED ?? 1) });
