import fc from 'fast-check';
import type { ContainerSketch } from '../support/desired.ts';

const NAMES = ['db', 'app', 'worker', 'web'] as const;

/** Images that the sketches use: two versions of each container's own, and a common one. */
export const REFERENCES = [...NAMES.flatMap((name) => [`${name}:1`, `${name}:2`]), 'common:1', 'common:2'];

/** Two versions of a stack file: the second one is the first with some of its containers changed, added or gone. */
export const twoVersions: fc.Arbitrary<{
  readonly before: readonly ContainerSketch[];
  readonly after: readonly ContainerSketch[];
}> = fc.record({ before: stack(), after: stack() });

function stack(): fc.Arbitrary<readonly ContainerSketch[]> {
  return fc
    .tuple(...NAMES.map((name) => fc.option(container(name), { nil: null, freq: 4 })))
    .map((sketches) => {
      const present = sketches.filter((sketch) => sketch !== null);
      // References go to earlier ones only, so that there is never a cycle.
      return present.map((sketch, i) => ({
        ...sketch,
        instances: sketch.mode === 'cron' ? 1 : sketch.instances,
        after: present
          .slice(0, i)
          .map((s) => s.name)
          .filter((_, j) => (sketch.wish >> j) % 2 === 1),
      }));
    })
    .filter((sketches) => sketches.some((s) => s.instances !== 0 && s.mode !== 'cron'));
}

function container(name: string) {
  return fc
    .record({
      name: fc.constant(name),
      mode: fc.constantFrom('auto', 'auto', 'auto', 'manual', 'cron'),
      instances: fc.integer({ min: 0, max: 3 }),
      image: fc.constantFrom(`${name}:1`, `${name}:2`, 'common:1', 'common:2'),
      env: fc.constantFrom({}, { A: '1' }, { A: '2', B: '1' }),
      order: fc.constantFrom('start-first', 'stop-first'),
      batch: fc.integer({ min: 1, max: 3 }),
      socket: fc.boolean(),
      fixed: fc.boolean(),
      spec: fc.constantFrom(
        {},
        { restart: { name: 'always' as const, maxRetries: 0 } },
        { restart: { name: 'on-failure' as const, maxRetries: 3 } },
        // With a port: two generations of it listen there.
        { network: 'host' as const },
        // Without a socket a proxy finds it by itself.
        { networks: ['front'], labels: { 'traefik.enable': 'true' } },
      ),
      files: fc.constantFrom({}, { '/etc/conf': '1' }, { '/etc/conf': '2' }),
      reload: fc.constantFrom([], ['/etc/conf']),
      port: fc.constantFrom(80, 8080),
      wish: fc.integer({ min: 0, max: 15 }),
    })
    .chain((sketch) =>
      fc
        .constantFrom(null, ['migrate', name], ['migrate', name, '--again'])
        .map((migration) => (migration === null ? sketch : { ...sketch, migration })),
    );
}
