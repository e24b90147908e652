import type { DesiredInstance } from '../desired/desired-state.ts';
import type { MountSpec, PortSpec, RecordedSpec, RestartPolicy } from '../desired/instance-spec.ts';
import { NO_OPTIONS } from '../desired/runtime-options.ts';

/** What an inspect tells of a container that was started outside of the stack, as far as its replacement goes by it. */
export interface ForeignFacts {
  /** Its name, without the leading slash. */
  readonly name: string;
  /** As it was named when it was started. */
  readonly image: string;
  readonly mounts: readonly {
    readonly type: string;
    /** Of a bind. */
    readonly source: string;
    /** Of a volume. */
    readonly name: string;
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  readonly ports: readonly PortSpec[];
  /** As the engine writes it: `bridge`, `host`, `shop_default`. */
  readonly networkMode: string;
  /** `always`, `on-failure:3`. */
  readonly restart: string;
}

/**
 * What the record of an adoption says of how generation 0 was made. Neither its words nor its variables: they may hold secrets, and
 * nothing is compared with them, since whatever was started outside of the stack differs from the file.
 */
export function generationZero(
  instance: DesiredInstance,
  facts: ForeignFacts,
  serves: boolean,
): RecordedSpec {
  const { gate, port, spec } = instance;
  return {
    version: 1,
    image: facts.image,
    command: null,
    entrypoint: null,
    env: [],
    maskedEnv: [],
    user: null,
    workingDir: null,
    hostname: null,
    mounts: mountsOf(instance, facts),
    ports: facts.ports,
    network: networkOf(facts),
    networks: [],
    links: [],
    restart: policyOf(facts.restart),
    stopSignal: null,
    socket: serves ? servedPath(instance, facts) : null,
    ...NO_OPTIONS,
    labels: {},
    platform: spec.platform,
    files: [],
    gate: (gate.kind === 'http' || gate.kind === 'tcp') && (gate.over !== 'socket' || serves) ? gate : null,
    port,
    adopted: facts.name,
  };
}

/** Where it would serve on the instance's published socket, as it mounts the volume itself; null where it does not mount it. */
export function servedPath({ socket }: DesiredInstance, facts: Pick<ForeignFacts, 'mounts'>): string | null {
  if (socket === null) return null;
  const mount = facts.mounts.find(({ type, name }) => type === 'volume' && name === socket.volume);
  if (mount === undefined) return null;
  const file = socket.published.slice(socket.published.lastIndexOf('/') + 1);
  return [mount.target, socket.volumePath, file].filter((part) => part !== '').join('/');
}

function mountsOf({ spec }: DesiredInstance, facts: ForeignFacts): readonly MountSpec[] {
  return facts.mounts.flatMap(({ type, source, name, target, readOnly }): readonly MountSpec[] => {
    if (type !== 'volume' && type !== 'bind') return [];
    const from = type === 'volume' ? name : source;
    const own = spec.mounts.find((mount) => mount.target === target && mount.source === from);
    const dataVolume = own?.dataVolume ?? null;
    return [{ type, source: from, target, readOnly, noCopy: true, relabel: null, dataVolume }];
  });
}

/** One that is in the network of another container can be connected to none, and has none of its own. */
function networkOf({ networkMode }: ForeignFacts): RecordedSpec['network'] {
  if (networkMode === 'host') return 'host';
  return networkMode === 'none' || networkMode.startsWith('container:') ? 'none' : 'stack';
}

function policyOf(text: string): RestartPolicy {
  const [name = 'no', retries = '0'] = text.split(':');
  return name === 'always' || name === 'unless-stopped' || name === 'on-failure'
    ? { name, maxRetries: Number(retries) }
    : { name: 'no', maxRetries: 0 };
}
