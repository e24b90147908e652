import type { DocumentNode } from '../../source/document.ts';
import type { RegistrySpec } from '../stack-spec.ts';
import { plainText, type Template } from '../template.ts';
import { warnLiteralSecret } from './environment.ts';
import type { Reader } from './reader.ts';

/** Reads `docker.registries`, sorted by host. Empty credentials mean anonymous pulls. */
export function readRegistries(node: DocumentNode | undefined, reader: Reader): readonly RegistrySpec[] {
  const registries: RegistrySpec[] = [];
  for (const [host, { keyRange, value }] of reader.fields(node)) {
    const fields = reader.fields(value);
    const empty: Template = { parts: [], place: { range: keyRange, exact: null } };
    const username = reader.template(fields.get('username')?.value, 'outside') ?? empty;
    const passwordField = fields.get('password');
    const password = reader.template(passwordField?.value, 'outside') ?? empty;
    if (plainText(username) === '' || plainText(password) === '') {
      reader.problems.warn(
        'STK351',
        `the credentials for \`${host}\` are empty: it is asked anonymously`,
        keyRange,
        {
          help: "write them, or take the entry out to use docker's own configuration",
        },
      );
    } else if (passwordField !== undefined) {
      warnLiteralSecret('password', password, passwordField.keyRange, reader);
    }
    registries.push({ host, range: keyRange, username, password });
  }
  return registries.sort((a, b) => (a.host < b.host ? -1 : 1));
}
