import type { ContainerSpec, StrategySpec } from '../spec/container-spec.ts';
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
  /** The port of the host's network that it listens on; null for any other network. */
  readonly hostPort: number | null;
  /** Its program can share a port with another generation of it (`SO_REUSEPORT`). */
  readonly sharesPorts: boolean;
}

/** Picks how instances are replaced, and says why; a written order wins, unless it cannot work. */
export function strategyOf(facts: StrategyFacts, problems: Problems): Strategy {
  const { container, singleWriter, database } = facts;
  const { order, range } = container.strategy;
  const roll = rollOf(container.strategy);
  const obstacle = obstacleOf(facts, order === 'start-first' && facts.sharesPorts);
  if (order === 'stop-first') return { order, why: 'as written', ...roll, onlyPorts: false };
  if (container.strategy.surge === 0) {
    if (order === 'auto')
      return { order: 'stop-first', why: 'as `surge: 0` says', ...roll, onlyPorts: false };
    problems.error(
      'STK329',
      `\`start-first\` cannot work for \`${container.name}\` with \`surge: 0\``,
      range,
      {
        help: 'a new generation starts beside the old one: allow at least 1, or use `stop-first`',
      },
    );
  }
  if (order === 'auto') {
    if (obstacle !== null) {
      const onlyPorts =
        obstacle.kind === 'published port' && obstacleOf({ ...facts, ports: [] }, false) === null;
      return { order: 'stop-first', why: obstacle.why, ...roll, onlyPorts };
    }
    const why =
      facts.socket === 'movable'
        ? 'each generation has its own socket'
        : 'two generations can live side by side';
    return { order: 'start-first', why, ...roll, onlyPorts: false };
  }
  if (obstacle === null) return { order, why: 'as written', ...roll, onlyPorts: false };
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
  return { order, why: 'as written', ...roll, onlyPorts: false };
}

/** Unless the file says otherwise, a batch starts while the one before it is leaving. */
function rollOf({ batch, surge }: StrategySpec): Pick<Strategy, 'batch' | 'surge'> {
  if (surge === null || surge === 0) return { batch, surge: 2 * batch };
  return { batch: Math.min(batch, surge), surge };
}

interface Obstacle {
  readonly kind: 'published port' | 'port' | 'socket' | 'volume';
  readonly why: string;
}

/** Whether a program's configuration shares its ports is not known here: `auto` does not count on it (`share`). */
function obstacleOf(
  { ports, singleWriter, database, socket, hostPort }: StrategyFacts,
  share: boolean,
): Obstacle | null {
  const published = ports.find((port) => port.hostPort !== null);
  // For a known database its files are the graver reason.
  if (singleWriter !== null && database !== null) {
    return { kind: 'volume', why: `${database} keeps its files in ${where(singleWriter)}` };
  }
  if (published !== undefined) {
    return { kind: 'published port', why: `it publishes port ${published.hostPort} of the host` };
  }
  if (hostPort !== null && !share) {
    return { kind: 'port', why: `it listens on port ${hostPort} of the host` };
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
