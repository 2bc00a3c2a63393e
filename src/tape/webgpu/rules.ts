/** What techniques may change in the runner's own engine. */
export type WebgpuRules = {};
