import { DATABASE_VARIABLES } from '../spec/application-spec.ts';
import { Hidden, type Value } from './value.ts';

/** An application's `database`, as several containers are told of it. */
export interface ImportedDatabase {
  readonly host: string;
  readonly value: Readonly<Record<string, Value>>;
  /** As its container's variables have it. */
  readonly variables: ReadonlyMap<string, Value>;
}

/** The seven variables of `database: true`, where an `env` has them all. `isReachable`: whether the file can have that host. */
export function databaseOfEnv(
  env: Value | undefined,
  isReachable: (host: string) => boolean,
): ImportedDatabase | null {
  if (typeof env !== 'object' || Array.isArray(env) || env instanceof Hidden) return null;
  const entries = Object.entries(env).filter(([name]) => DATABASE_VARIABLES.some((known) => known === name));
  const variables = new Map<string, Value>(entries);
  if (variables.size < DATABASE_VARIABLES.length) return null;
  const port = variables.get('DB_PORT');
  const reconnect = variables.get('DB_RECONNECT');
  const host = variables.get('DB_HOST');
  const isPlain = entries.every(
    ([name, value]) =>
      (name === 'DB_PASSWORD' ? value instanceof Hidden : typeof value === 'string') && value !== '',
  );
  const isPort = typeof port === 'string' && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  if (!isPlain || !isPort || typeof host !== 'string' || host.includes('%') || !isReachable(host))
    return null;
  if (reconnect !== 'true' && reconnect !== 'false') return null;
  const value = Object.fromEntries(
    entries.map(([name, text]): [string, Value] => [name.slice('DB_'.length).toLowerCase(), text]),
  );
  return { host, value: { ...value, port: Number(port), reconnect: reconnect === 'true' }, variables };
}

/** An `env` without the variables of a database; null where it has others. */
export function withoutDatabase(env: Value | undefined, { variables }: ImportedDatabase): Value | null {
  if (typeof env !== 'object' || Array.isArray(env) || env instanceof Hidden) return null;
  const isSame = (value: Value, other: Value | undefined) =>
    value === other || (value instanceof Hidden && other instanceof Hidden && value.text === other.text);
  const entries = Object.entries(env);
  const equal = entries.filter(([name, value]) => variables.has(name) && isSame(value, variables.get(name)));
  if (equal.length < variables.size) return null;
  return Object.fromEntries(entries.filter(([name]) => !variables.has(name)));
}
