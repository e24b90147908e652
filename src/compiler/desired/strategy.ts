import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { Strategy } from './desired-state.ts';
import type { MountSpec, PortSpec } from './instance-spec.ts';

/** Facts that decide whether two generations can live side by side. */
export interface StrategyFacts {
  readonly container: ContainerSpec;
  readonly ports: readonly PortSpec[];
  /** A writable volume that nobody else of the stack mounts. */
  readonly singleWriter: MountSpec | null;
  /** `postgres`; null for what is no database that we know. */
  readonly database: string | null;
  readonly socket: 'none' | 'movable' | 'fixed';
}

/** Picks how instances are replaced, and says why; a written order wins, unless it cannot work. */
export function strategyOf(facts: StrategyFacts, problems: Problems): Strategy {
  const { container, singleWriter, database } = facts;
  const { order, batch, range } = container.strategy;
  const obstacle = obstacleOf(facts);
  if (order === 'stop-first') return { order, why: 'as written', batch };
  if (order === 'auto') {
    if (obstacle !== null) return { order: 'stop-first', why: obstacle.why, batch };
    const why =
      facts.socket === 'movable'
        ? 'each generation has its own socket'
        : 'two generations can live side by side';
    return { order: 'start-first', why, batch };
  }
  if (obstacle === null) return { order, why: 'as written', batch };
  const impossible = obstacle.kind === 'published port' || (singleWriter !== null && database !== null);
  if (impossible) {
    problems.error(
      'STK329',
      `\`start-first\` cannot work for \`${container.name}\`: ${obstacle.why}`,
      range,
      {
        help:
          database === null
            ? 'use `stop-first`, or `auto`'
            : `two ${database} servers on the same files destroy them: use \`auto\``,
      },
    );
  } else {
    problems.warn(
      'STK361',
      `\`start-first\` may not work for \`${container.name}\`: ${obstacle.why}`,
      range,
      {
        help: 'use `auto`, unless two generations can share it',
      },
    );
  }
  return { order, why: 'as written', batch };
}

interface Obstacle {
  readonly kind: 'published port' | 'port' | 'socket' | 'volume';
  readonly why: string;
}

function obstacleOf({ container, ports, singleWriter, database, socket }: StrategyFacts): Obstacle | null {
  const published = ports.find(({ hostPort }) => hostPort !== null);
  // For a known database its files are the graver reason.
  if (singleWriter !== null && database !== null) {
    return { kind: 'volume', why: `${database} keeps its files in ${where(singleWriter)}` };
  }
  if (published !== undefined) {
    return { kind: 'published port', why: `it publishes port ${published.hostPort} of the host` };
  }
  if (container.network.mode === 'host' && container.port !== null) {
    return { kind: 'port', why: `it listens on port ${container.port.port} of the host` };
  }
  if (socket === 'fixed') return { kind: 'socket', why: 'its socket cannot move' };
  return singleWriter === null ? null : { kind: 'volume', why: `only it writes ${where(singleWriter)}` };
}

function where({ dataVolume, type, source }: MountSpec): string {
  if (dataVolume !== null) return `the data volume \`${dataVolume}\``;
  return type === 'bind' ? `\`${source}\`` : `the volume \`${source}\``;
}

const DATABASES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(postgres|postgresql|postgis|timescaledb|postmaster)[-\d.]*$/, 'postgres'],
  [/^(mysql|mysqld|mysql-server|mariadb|mariadbd|percona)[-\d.]*$/, 'mysql'],
  [/^(mongo|mongod|mongodb)[-\d.]*$/, 'mongo'],
  [/^(redis|redis-server|redis-stack|valkey|valkey-server)[-\d.]*$/, 'redis'],
];

/** The database that a container runs, told by its image's name or its programs. */
export function databaseOf(imageName: string, programs: readonly string[]): string | null {
  const image = imageName.slice(imageName.lastIndexOf('/') + 1);
  for (const name of [image, ...programs]) {
    const known = DATABASES.find(([pattern]) => pattern.test(name));
    if (known !== undefined) return known[1];
  }
  return null;
}
