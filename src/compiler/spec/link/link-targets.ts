import type { LinkTarget, Reference, WrittenContainer } from '../container-spec.ts';
import type { Problems } from '../problems.ts';
import type { WrittenApplication } from '../read/application.ts';
import { databaseHost } from './database-host.ts';
import type { Named, Names } from './names.ts';

const ALIAS = /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;

/**
 * The names that a container resolves: what it `links` under the name and the alias, what it `depends_on` and its
 * `database.host` under the name. A container leads to its first instance, so that scaling it changes nobody else.
 */
export function linkTargets(
  container: WrittenContainer,
  application: WrittenApplication,
  names: Names,
  problems: Problems,
): readonly LinkTarget[] {
  if (container.network.mode !== 'stack') return [];
  const targets = new Map<string, LinkTarget & { readonly reference: Reference }>();
  const add = (alias: string, reference: Reference, named: Named) => {
    const target = { alias, container: named.container, index: named.index ?? 0, reference };
    const before = targets.get(alias);
    if (before === undefined) {
      targets.set(alias, target);
    } else if (before.container !== target.container || before.index !== target.index) {
      problems.error(
        'STK325',
        `\`${alias}\` leads to \`${name(target)}\` and to \`${name(before)}\``,
        reference.place.range,
        {
          related: [{ range: before.reference.place.range, message: 'the other one' }],
          help: 'give one of them another alias: `name:alias`',
        },
      );
    }
  };
  for (const link of container.links) {
    const named = names.lookup(link.name);
    if (named === undefined || !checkLink(link.alias, link, named, names, problems)) continue;
    add(link.name, link, named);
    add(link.alias, link, named);
  }
  const others = [...container.dependsOn];
  const host = container.database === null ? null : databaseHost(application);
  if (host !== null) others.push(host);
  for (const other of others) {
    const named = names.lookup(other.name);
    // Who only waits for a container in the host's network has nothing to resolve.
    if (named !== undefined && named.container !== container && named.container.network.mode === 'stack') {
      add(other.name, other, named);
    }
  }
  return [...targets.values()]
    .map(({ alias, container: to, index }) => ({ alias, container: to, index }))
    .sort((a, b) => (a.alias < b.alias ? -1 : 1));
}

function name({ container, index }: LinkTarget): string {
  return container.count === 1 && container.scale === null ? container.name : `${container.name}${index}`;
}

function checkLink(
  alias: string,
  reference: Reference,
  named: Named,
  names: Names,
  problems: Problems,
): boolean {
  const { range } = reference.place;
  if (!ALIAS.test(alias)) {
    problems.error('STK309', `\`${alias}\` cannot be an alias`, range, {
      help: 'write a host name: letters, digits, `-`, `_`, `.`',
    });
    return false;
  }
  const { network } = named.container;
  if (network.mode !== 'stack') {
    problems.error(
      'STK326',
      `\`${named.container.name}\` cannot be linked: it is not on the stack's network`,
      range,
      {
        related: [{ range: network.range, message: `\`network: ${network.mode}\`` }],
        help:
          network.mode === 'host'
            ? 'ask it at the address of the host, and use `depends_on` for the order'
            : null,
      },
    );
    return false;
  }
  const other = alias === reference.name ? undefined : names.lookup(alias);
  if (other !== undefined && other.container !== named.container) {
    problems.error('STK325', `the alias \`${alias}\` is the name of another container`, range, {
      related: [{ range: other.container.range, message: `\`${other.container.name}\`` }],
      help: 'choose another alias: the same name would lead elsewhere in other containers',
    });
    return false;
  }
  return true;
}
