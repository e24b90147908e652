import type { Range } from '../span.ts';
import type { ApplicationSpec } from './application-spec.ts';
import type { Problems } from './problems.ts';

interface Owner {
  readonly what: string;
  readonly range: Range;
}

/** Reports everything that would have one name on the engine: instances, and networks of applications. */
export function checkCollisions(applications: readonly ApplicationSpec[], problems: Problems): void {
  const networks = new Map<string, Owner>();
  const instances = new Map<string, Owner>();
  const reported = new Set<string>();
  const claim = (taken: Map<string, Owner>, name: string, owner: Owner) => {
    const other = taken.get(name);
    if (other === undefined) {
      taken.set(name, owner);
      return;
    }
    // Eleven instances that collide are one mistake.
    const pair = `${other.range.start} ${owner.range.start}`;
    if (reported.has(pair)) return;
    reported.add(pair);
    problems.error(
      'STK308',
      `${owner.what} and ${other.what} would both be called \`${name}\` on the engine`,
      owner.range,
      {
        related: [{ range: other.range, message: 'the other one' }],
        help: 'rename one of them',
      },
    );
  };
  for (const application of applications) {
    const { base, name, range, containers } = application;
    claim(networks, base, { what: `the application \`${name}\``, range });
    for (const container of containers) {
      const owner = { what: `\`${container.name}\``, range: container.range };
      const most = container.scale?.max ?? container.count;
      for (let i = 0; i < most; i++) {
        const instance = `${container.name}${i}`;
        claim(instances, `${base}-${instance}`, { ...owner, what: `\`${instance}\` of ${owner.what}` });
      }
    }
  }
}
