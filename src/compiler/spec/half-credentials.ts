import type { Problems } from './problems.ts';
import type { RegistrySpec } from './stack-spec.ts';

/** What is known of a user name or password; null is one that comes from outside. */
type Half = string | null;

/** Reports credentials of which one half is empty, as `STK332`: no registry takes them. Whether it did. */
export function reportHalf(
  { host, username, password }: RegistrySpec,
  user: Half,
  word: Half,
  problems: Problems,
): boolean {
  if ((user === '') === (word === '')) return false;
  const [message, { place }] =
    user === ''
      ? [`\`${host}\` has a password but no user name`, username]
      : [`\`${host}\` has a user name but no password`, password];
  problems.error('STK332', message, place.range, {
    help: 'write both; both empty ask the registry anonymously',
  });
  return true;
}
