import type { ErrorObject } from 'ajv';

/** The validator that `npm run build` compiles from `schema/stack.schema.json`; `errors` are those of the last call. */
export const validate: { (value: unknown): boolean; errors?: readonly ErrorObject[] | null };

/** The same schema as JSON, without its descriptions. */
export const schemaText: string;
