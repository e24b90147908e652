import { unreachable } from '../../../src/compiler/unreachable.ts';
import type { Chance } from './chance.ts';

/** What a container is like, as far as it decides how it is replaced. */
const KINDS = [
  'movable',
  'movable',
  'movable',
  'fixed',
  'tcp',
  'plain',
  'published',
  'writer',
  'worker',
  'config',
  'host',
] as const;

/** One container of a stack file. */
export interface Part {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly deploy: 'auto' | 'manual';
  readonly version: number;
  readonly count: number;
  readonly order: 'auto' | 'stop-first';
  readonly batch: number;
  readonly setting: number;
  /** Its socket is published by a name that does not speak of the container. */
  readonly neutral: boolean;
  readonly migration: number | null;
  readonly after: readonly string[];
  readonly links: readonly string[];
  readonly rollout: {
    readonly on_failure?: 'pause' | 'continue';
    readonly monitor?: number;
    readonly canary?: { readonly instances: number; readonly bake?: number };
  };
}

/** A stack file that is yet to be written down. */
export type Sketch = readonly Part[];

const NAMES = ['db', 'app', 'worker', 'web', 'edge'] as const;

/** Versions of each image. */
const VERSIONS = [1, 2, 3] as const;

/** The label of a container that is asked whether it is ready. */
export const ASKED = 'asked';

/** All that may be pulled. */
export const IMAGES = NAMES.flatMap((name) => VERSIONS.map((version) => `${name}:${version}`));

export function randomSketch(chance: Chance): Sketch {
  const names = NAMES.filter(() => chance.whether(0.6));
  return sound(
    (names.length === 0 ? ['app'] : names).map((name) => randomPart(name, chance)),
    chance,
  );
}

/** A few things of it are different; now and then nothing is. */
export function changed(sketch: Sketch, chance: Chance): Sketch {
  let now = sketch;
  for (let left = chance.pick([0, 1, 1, 1, 2, 3]); left > 0; left -= 1) now = change(now, chance);
  return sound(now, chance);
}

function change(sketch: Sketch, chance: Chance): Sketch {
  const part = chance.pick(sketch);
  const by = (other: Partial<Part>) => sketch.map((each) => (each === part ? { ...each, ...other } : each));
  const free = NAMES.filter((name) => sketch.every((each) => each.name !== name));
  switch (chance.between(0, 12)) {
    case 0:
    case 1:
    case 2:
      return by({ version: chance.pick(VERSIONS) });
    case 3:
      return by({ setting: part.setting + 1 });
    case 4:
    case 5:
      return by({ count: chance.between(0, 4) });
    case 6:
      return by({ order: chance.pick(['auto', 'stop-first'] as const), batch: chance.between(1, 3) });
    case 7:
      return by({ kind: chance.pick(KINDS), version: chance.pick(VERSIONS) });
    case 8:
      return free.length === 0 ? sketch : by({ name: chance.pick(free) });
    case 9:
      return free.length === 0 ? sketch : [...sketch, randomPart(chance.pick(free), chance)];
    case 10:
      return sketch.length === 1 ? sketch : sketch.filter((each) => each !== part);
    case 11:
      return by({ migration: chance.between(1, 9), version: chance.pick(VERSIONS) });
    default:
      return by({ deploy: chance.pick(['auto', 'manual'] as const), setting: part.setting + 1 });
  }
}

function randomPart(name: string, chance: Chance): Part {
  return {
    name,
    kind: chance.pick(KINDS),
    deploy: chance.pick(['auto', 'auto', 'auto', 'manual'] as const),
    version: chance.pick(VERSIONS),
    count: chance.pick([1, 1, 2, 2, 3, 4]),
    order: chance.pick(['auto', 'auto', 'stop-first'] as const),
    batch: chance.pick([1, 1, 2]),
    setting: chance.between(1, 3),
    neutral: chance.whether(0.2),
    migration: chance.whether(0.2) ? chance.between(1, 9) : null,
    after: NAMES.filter(() => chance.whether(0.3)),
    links: NAMES.filter(() => chance.whether(0.15)),
    rollout: randomRollout(chance.fork(`rollout of ${name}`)),
  };
}

function randomRollout(chance: Chance): Part['rollout'] {
  return {
    ...(chance.whether(0.7) ? {} : { on_failure: chance.pick(['pause', 'continue'] as const) }),
    ...(chance.whether(0.5) ? {} : { monitor: chance.pick([0, 1, 30]) }),
    ...(chance.whether(0.7)
      ? {}
      : { canary: { instances: chance.between(1, 3), bake: chance.pick([0, 5]) } }),
  };
}

/** What no file can say is left out: references to what is not there or comes later, two with one path, two with one port. */
function sound(sketch: Sketch, chance: Chance): Sketch {
  let isNeutral = false;
  const seen: string[] = [];
  const parts = sketch.map((part): Part => {
    const before = seen.slice();
    const linked = before.filter((name) => sketch.find((each) => each.name === name)?.kind !== 'host');
    seen.push(part.name);
    const neutral = part.neutral && hasSocket(part) && !isNeutral;
    isNeutral ||= neutral;
    return {
      ...part,
      neutral,
      count: isAlone(part) ? Math.min(part.count, 1) : part.count,
      after: part.after.filter((name) => before.includes(name)),
      links: part.kind === 'host' ? [] : part.links.filter((name) => linked.includes(name)),
    };
  });
  // A file without any instance would take everything away, which needs to be said.
  return parts.some(({ count }) => count > 0)
    ? parts
    : parts.map((part) => ({ ...part, count: chance.between(1, 1) }));
}

function hasSocket({ kind }: Part): boolean {
  return kind === 'movable' || kind === 'fixed';
}

function isAlone({ kind }: Part): boolean {
  return kind === 'published' || kind === 'host' || kind === 'writer';
}

/** The stack file's text. */
export function documentOf(sketch: Sketch): string {
  return JSON.stringify({
    name: 'shop',
    deploy: {
      shop: {
        data_volumes: [{ socks: ['/run/socks'] }, { files: ['/var/files'] }],
        containers: Object.fromEntries(sketch.map((part) => [part.name, containerOf(part)])),
      },
    },
  });
}

function containerOf(part: Part): object {
  const kind = ofKind(part);
  const { name, deploy, version, count, order, batch, setting, migration, after, links } = part;
  return {
    deploy,
    image: `${name}:${version}`,
    containers: count,
    ...part.rollout,
    strategy: { order: part.kind === 'host' && order === 'auto' ? 'start-first' : order, batch },
    ...(after.length === 0 ? {} : { depends_on: after }),
    ...(links.length === 0 ? {} : { links }),
    ...(migration === null ? {} : { migration: `migrate ${migration}` }),
    // What is in `files` of a container that reads them again does not count as a change of it.
    env: {
      SETTING: String(part.kind === 'config' ? 0 : setting),
      ...(part.kind === 'movable' ? { LISTEN: '%{socket}' } : {}),
    },
    ...kind,
    ...('health' in kind ? { labels: { [ASKED]: 'yes' } } : {}),
  };
}

function ofKind({ kind, neutral, setting, name }: Part): object {
  const own = NAMES.findIndex((each) => each === name);
  switch (kind) {
    case 'movable':
    case 'fixed': {
      const file = neutral ? 'front%{index}' : '%{app_name}';
      return { volumes_from: ['socks'], socket: `/run/socks/${file}.sock`, health: { path: '/ping' } };
    }
    case 'tcp':
      return { port: 3000, health: { path: '/ping' } };
    case 'published':
      return {
        ports: [`${8080 + own}:80`],
        health: { tcp: true },
      };
    case 'writer':
      return { volumes_from: ['files'], startup_time: 1 };
    case 'worker':
      return { quiet_signal: 'TSTP', startup_time: 1 };
    case 'config':
      return { files: { '/etc/conf': { text: `${setting}`, reload: { signal: 'HUP' } } }, startup_time: 1 };
    case 'host':
      return { network: 'host', port: 9000 + own, health: { path: '/ping' } };
    case 'plain':
      return { startup_time: 1 };
    default:
      return unreachable(kind);
  }
}
