import type { SourceFormat } from './source-file.ts';

/** Collections inside each other; deeper is `STK107`. No stack file needs ten. */
export const maxDepth = 64;

/** Nodes that a file's aliases may stand for, all together; more is `STK111`. */
export const maxAliasedNodes = 10_000;

/** Values in a JSON file; more is `STK106`. Ten thousand plain containers have about half as many. */
export const maxNodes = 100_000;

/** Problems listed of one file; the rest is only counted. */
export const maxProblems = 100;

/**
 * The size of a file, in bytes; larger is `STK106`. Chosen so that even the worst text of that size is read and
 * checked in about a second on a small machine: YAML's grammar costs several times what JSON's does.
 */
export const maxBytes: Readonly<Record<SourceFormat, number>> = { json: 4 * 1024 * 1024, yaml: 256 * 1024 };
