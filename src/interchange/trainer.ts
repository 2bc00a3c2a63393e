import type { SettingsReader } from './reader';
import type { Exported, Settings, Setup } from './setup';

/** One trainer's configuration file, both ways. Pure: text is made and read elsewhere. */
export interface Trainer {
  name: string;
  /** As its users write it. */
  title: string;
  format: 'json' | 'yaml';
  /** How the file is used, in a line; it heads an exported file that may hold comments. */
  usage: string;
  export(setup: Required<Setup>): Exported;
  /** The file is one of this trainer's. */
  detect(settings: Settings): boolean;
  /** Notes go to the reader. */
  import(read: SettingsReader): Setup;
}
