import type { SetCount } from '../journal/record.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { ScaleHours, ScalePace, ScaleSource } from '../spec/scale-spec.ts';
import type { ApplicationSpec } from '../spec/application-spec.ts';
import { unreachable } from '../unreachable.ts';
import type { ContainerKey } from './desired-state.ts';
import type { Expander } from './expander.ts';
import { containerKey } from './keys.ts';
import { wordsExpander } from './words.ts';

/** Where a Redis listens, where nothing says otherwise. */
const REDIS_PORT = 6379;

/** How the number of a container's instances follows load or time, with all that is measured. */
export interface DesiredScale {
  readonly min: number;
  readonly max: number;
  readonly pace: ScalePace;
  readonly schedule: readonly ScaleHours[];
  readonly sources: readonly DesiredSource[];
  /** What was last set; null: nothing, and there are as many as the file says. */
  readonly set: SetCount | null;
}

/** Something that is measured. `target`: of it for one instance, above 0. */
export type DesiredSource = { readonly target: number } & (
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory' }
  /** Sessions of the instances, of the haproxy container of that name. */
  | { readonly kind: 'requests'; readonly balancer: string }
  /** Requests that wait for one in that. */
  | { readonly kind: 'waiting'; readonly balancer: string }
  /** The Redis at that name of the stack's network. The password is a secret, and never shown. */
  | {
      readonly kind: 'lists';
      readonly host: string;
      readonly port: number;
      readonly lists: readonly string[];
      readonly password: string | null;
    }
  /** In the first instance of a container that runs. */
  | {
      readonly kind: 'command';
      readonly container: ContainerKey;
      readonly command: readonly string[];
      readonly timeoutMs: number;
    }
);

/** Null for a container whose number is as written. */
export function scaleOf(
  container: ContainerSpec,
  application: ApplicationSpec,
  expander: Expander,
): DesiredScale | null {
  const { scale, set } = container;
  if (scale === null) return null;
  const { min, max, pace, schedule } = scale;
  const sources = scale.sources.flatMap(
    (source) => sourceOf(source, { container, application, expander }) ?? [],
  );
  return { min, max, pace, schedule, sources, set };
}

interface Place {
  readonly container: ContainerSpec;
  readonly application: ApplicationSpec;
  readonly expander: Expander;
}

/** Null where a name is missing, which has been told. */
function sourceOf(source: ScaleSource, { container, application, expander }: Place): DesiredSource | null {
  const { target } = source;
  const scope = { application: application.name, container: container.name, index: 0 };
  switch (source.kind) {
    case 'cpu':
    case 'memory':
      return { kind: source.kind, target };
    case 'requests':
    case 'waiting': {
      const balancer = (source.balancer ?? container.balancer)?.name;
      return balancer === undefined ? null : { kind: source.kind, balancer, target };
    }
    case 'lists': {
      const { redis, port, lists, password } = source;
      const server = application.containers.find(({ name }) => name === redis.name);
      const known = password === null ? null : expander.expand(password, scope);
      return {
        kind: 'lists',
        host: `${application.base}-${redis.name}0`,
        port: port ?? server?.port?.port ?? REDIS_PORT,
        lists,
        password: known,
        target,
      };
    }
    case 'command': {
      const { command, timeoutMs } = source;
      const at = containerKey(application.name, source.container?.name ?? container.name);
      const words = wordsExpander(command, expander)(scope, null).real ?? [];
      return { kind: 'command', container: at, command: words, timeoutMs, target };
    }
    default:
      return unreachable(source);
  }
}
