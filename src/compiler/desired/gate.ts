import type { ContainerSpec, HealthSpec } from '../spec/container-spec.ts';
import { unreachable } from '../unreachable.ts';
import type { Gate } from './desired-state.ts';
import type { Expander, Scope } from './expander.ts';
import type { PortSpec } from './instance-spec.ts';
import type { ImageConfig } from './resolved-inputs.ts';

/** How long an instance that can be asked may take to become ready, when nothing is written. */
const LIMIT_MS = 60_000;
/** How long one question may take. */
const TIMEOUT_MS = 2000;
/** Between questions of ours: each lost tenth of a second is one of the roll. */
const INTERVAL_MS = 50;
/** Between commands, which start a process each. */
const COMMAND_INTERVAL_MS = 500;
/** What a Compose user counts `retries` by. */
const RETRY_INTERVAL_MS = 30_000;
/** How long an instance that cannot be asked must have run. */
const UPTIME_MS = 1000;

/** What a gate is made from. */
export interface GateContext {
  readonly scope: Scope;
  readonly hasSocket: boolean;
  readonly ports: readonly PortSpec[];
  /** Null: the image is not known, or this is a rehearsal. */
  readonly config: ImageConfig | null;
  /** In a rehearsal the image may still say which port it is. */
  readonly rehearsal: boolean;
  /** Of a `health.command`, expanded. */
  readonly command: readonly string[];
  readonly expander: Expander;
}

/** What must hold before an instance counts as ready: `health`, else HTTP over the socket, else what the engine says. */
export function gateOf(container: ContainerSpec, context: GateContext): Gate {
  const { health } = container;
  if (health === null) {
    return context.hasSocket
      ? httpGate(container, null, 'socket', context)
      : engineGate(container, context.config);
  }
  const limitMs = limitOf(container, context);
  const timeoutMs = health.timeoutMs ?? TIMEOUT_MS;
  if (health.ask.kind === 'command') {
    const intervalMs = health.intervalMs ?? COMMAND_INTERVAL_MS;
    return { kind: 'command', command: context.command, timeoutMs, intervalMs, limitMs };
  }
  const over = context.hasSocket && health.port === null ? 'socket' : tcpPort(container, health, context);
  if (over === null) return engineGate(container, context.config);
  switch (health.ask.kind) {
    case 'http':
      return httpGate(container, health.ask, over, context);
    case 'tcp':
      return { kind: 'tcp', over, timeoutMs, intervalMs: health.intervalMs ?? INTERVAL_MS, limitMs };
    default:
      return unreachable(health.ask);
  }
}

function httpGate(
  container: ContainerSpec,
  ask: (HealthSpec['ask'] & { readonly kind: 'http' }) | null,
  over: 'socket' | { readonly port: number },
  context: GateContext,
): Gate {
  const { health } = container;
  const path =
    ask === null || ask.path === null ? '/' : (context.expander.expand(ask.path, context.scope) ?? '/');
  if (!path.startsWith('/') || /[\s\0]/.test(path)) {
    context.expander.problems.error(
      'STK332',
      `\`${path}\` is not the path of a request`,
      ask?.path?.place.range ?? null,
      {
        help: 'write a path such as `/ping`, without blanks',
      },
    );
  }
  return {
    kind: 'http',
    over,
    path,
    status: ask?.status ?? [[100, 499]],
    timeoutMs: health?.timeoutMs ?? TIMEOUT_MS,
    intervalMs: health?.intervalMs ?? INTERVAL_MS,
    limitMs: limitOf(container, context),
  };
}

function engineGate({ startupMs }: ContainerSpec, config: ImageConfig | null): Gate {
  const uptimeMs = startupMs ?? UPTIME_MS;
  // With a health check `startup_time` limits it; without one it must be able to pass.
  const limitMs =
    config?.healthcheck === true ? (startupMs ?? LIMIT_MS) : Math.max(LIMIT_MS, uptimeMs + LIMIT_MS / 2);
  const known = config === null ? {} : { healthcheck: config.healthcheck };
  return { kind: 'engine', uptimeMs, limitMs, ...known };
}

/**
 * `startup_time`, else what Docker's own health check would allow: `start_period`, then `retries` intervals (30 s
 * each when none is written), or a minute without `retries`. A good answer ends the gate at once, as there.
 */
function limitOf({ startupMs, health }: ContainerSpec, { expander }: GateContext): number {
  const startPeriodMs = health?.startPeriodMs ?? null;
  const retries = health?.retries ?? null;
  if (startupMs !== null) {
    if (health !== null && (startPeriodMs !== null || retries !== null)) {
      const key = retries === null ? 'start_period' : 'retries';
      expander.problems.warn(
        'STK363',
        `\`${key}\` has no effect: \`startup_time\` is the limit`,
        retries?.range ?? health.range,
        {
          help: 'take one of the two out',
        },
      );
    }
    return startupMs;
  }
  const asked = retries === null ? LIMIT_MS : retries.count * (health?.intervalMs ?? RETRY_INTERVAL_MS);
  return (startPeriodMs ?? 0) + asked;
}

function tcpPort(
  container: ContainerSpec,
  health: HealthSpec,
  { ports, config, rehearsal, expander }: GateContext,
): { readonly port: number } | null {
  const { problems } = expander;
  if (container.network.mode === 'none') {
    problems.error('STK326', '`health` cannot ask a container without a network', health.range, {
      related: [{ range: container.network.range, message: '`network: none`' }],
      help: 'use `health: {command: …}`, or a `socket`',
    });
    return null;
  }
  const written = health.port ?? container.port?.port;
  if (written !== undefined) return { port: written };
  const candidates = new Set(
    ports.filter(({ protocol }) => protocol === 'tcp').map((port) => port.containerPort),
  );
  if (candidates.size === 0) {
    // Only where nothing is published: what is published is what is served.
    for (const exposed of config?.exposedPorts ?? []) {
      const match = /^(\d+)(?:\/tcp)?$/.exec(exposed);
      if (match !== null) candidates.add(Number(match[1]));
    }
    if (candidates.size === 0 && rehearsal) return null;
  }
  const [only, second] = [...candidates].sort((a, b) => a - b);
  if (only !== undefined && second === undefined) return { port: only };
  problems.error(
    'STK327',
    only === undefined
      ? `nothing says on which port \`${container.name}\` is asked`
      : `\`${container.name}\` has several ports to ask: ${[...candidates].sort((a, b) => a - b).join(', ')}`,
    health.range,
    { help: `write \`port: ${only ?? 8080}\` in \`health\`` },
  );
  return null;
}
