import type { Property } from '../../source/document.ts';
import type { DatabaseSpec, EnvEntry } from '../application-spec.ts';
import { warnLiteralSecret } from './environment.ts';
import type { Reader } from './reader.ts';

/** The keys of `database`, in code-unit order. */
const KEYS = ['adapter', 'database', 'host', 'password', 'port', 'reconnect', 'username'] as const;

/** Reads the application's `database`: the keys that are written become `DB_…` variables. */
export function readDatabase(property: Property | undefined, reader: Reader): DatabaseSpec | null {
  if (property === undefined) return null;
  const fields = reader.fields(property.value);
  const variables = KEYS.flatMap((key): readonly EnvEntry[] => {
    const field = fields.get(key);
    const value = reader.template(field?.value, 'hidden');
    if (field === undefined || value === null) return [];
    warnLiteralSecret(key, value, field.keyRange, reader);
    return [{ name: `DB_${key.toUpperCase()}`, range: field.keyRange, value }];
  });
  return { range: property.keyRange, variables };
}
