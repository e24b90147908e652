import type { Holder } from '../../runtime/agent/agent-session.ts';
import { printable } from './text.ts';

/** ``anna@laptop has held it since 2026-11-23 01:01:04Z, for `stack apply`, now at shop/app1 publish 2``. */
export function holderWords({ user, host, command, since, doing }: Holder): string {
  const when = Number.isNaN(Date.parse(since))
    ? since
    : `${new Date(since).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const now = doing === null ? '' : `, now at ${printable(doing)}`;
  return `${printable(`${user}@${host}`)} has held it since ${printable(when)}, for \`stack ${command}\`${now}`;
}
