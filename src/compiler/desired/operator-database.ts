import { DATABASE_VARIABLES } from '../spec/application-spec.ts';

/** The database that the operator's own environment describes, where the file has none. */
export interface OperatorDatabase {
  /** Sorted by name; empty when nothing is set. */
  readonly variables: readonly (readonly [name: string, value: string])[];
  /** `DATABASE_URL` is set and cannot be read. */
  readonly malformed: boolean;
}

/** What a file that says `database: true` without a `database` asks of the operator's environment, sorted. */
export const OPERATOR_DATABASE_VARIABLES: readonly string[] = ['DATABASE_URL', ...DATABASE_VARIABLES].sort();

/** Reads `DATABASE_URL` (`adapter://user:password@host:port/database?reconnect=true`); a `DB_…` that is set wins. */
export function operatorDatabase(env: Readonly<Record<string, string>>): OperatorDatabase {
  const url = value(env, 'DATABASE_URL');
  const fromUrl = url === undefined ? new Map<string, string>() : parseDatabaseUrl(url);
  const variables = DATABASE_VARIABLES.flatMap((name): readonly (readonly [string, string])[] => {
    const found = value(env, name) ?? fromUrl?.get(name);
    return found === undefined ? [] : [[name, found]];
  });
  return { variables, malformed: fromUrl === null };
}

function value(env: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function parseDatabaseUrl(text: string): ReadonlyMap<string, string> | null {
  // Not the URL class: it knows no `postgres://` hosts without dots, underscores or percent signs as people write them.
  const match =
    /^([a-z][a-z0-9+.-]*):\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(
      text,
    );
  if (match === null) return null;
  const [, adapter, username, password, host, port, database, query] = match;
  const found = new Map<string, string>();
  const set = (name: string, encoded: string | undefined) => {
    if (encoded !== undefined && encoded !== '') found.set(name, decode(encoded));
  };
  set('DB_ADAPTER', adapter);
  set('DB_USERNAME', username);
  set('DB_PASSWORD', password);
  set('DB_HOST', host?.replace(/^\[|\]$/g, ''));
  set('DB_PORT', port);
  set('DB_DATABASE', database);
  set('DB_RECONNECT', /(?:^|&)reconnect=([^&]*)/.exec(query ?? '')?.[1]);
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign: taken as it is.
    return text;
  }
}
