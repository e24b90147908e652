import type { DocumentNode, Property } from '../../source/document.ts';
import { reportHalf } from '../half-credentials.ts';
import type { RegistrySpec } from '../stack-spec.ts';
import { plainText } from '../template.ts';
import { warnLiteralSecret } from './environment.ts';
import type { Reader } from './reader.ts';

/** Reads `docker.registries`, sorted by host. Empty credentials mean anonymous pulls. */
export function readRegistries(node: DocumentNode | undefined, reader: Reader): readonly RegistrySpec[] {
  return [...reader.fields(node).values()]
    .flatMap((entry) => readRegistry(entry, reader) ?? [])
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** Null when a part of it cannot be read. */
function readRegistry({ key: host, keyRange, value }: Property, reader: Reader): RegistrySpec | null {
  const errors = reader.problems.errors;
  const fields = reader.fields(value);
  const half = (name: string) =>
    reader.template(fields.get(name)?.value, 'outside') ?? {
      parts: [],
      place: { range: keyRange, exact: null },
    };
  const registry = { host, range: keyRange, username: half('username'), password: half('password') };
  if (reader.problems.errors > errors) return null;
  checkCredentials(registry, fields.get('password'), reader);
  return registry;
}

function checkCredentials(registry: RegistrySpec, password: Property | undefined, reader: Reader): void {
  const user = plainText(registry.username);
  const word = plainText(registry.password);
  if (reportHalf(registry, user, word, reader.problems)) return;
  if (user === '') {
    reader.problems.warn(
      'STK351',
      `the credentials for \`${registry.host}\` are empty: it is asked anonymously`,
      registry.range,
      { help: "write them, or take the entry out to use docker's own configuration" },
    );
  } else if (password !== undefined) {
    warnLiteralSecret('password', registry.password, password.keyRange, reader);
  }
}
