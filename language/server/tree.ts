import type { Binary, Primary } from '../generated/ast';

/** What the grammar's `Expression` yields; the generated type leaves out expressions without an operator. */
export type Expression = Primary | Binary;
