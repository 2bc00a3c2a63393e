/** What techniques may change in PyTorch's engine. */
export type PytorchRules = {};
