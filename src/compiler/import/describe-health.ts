import type { Description } from './description.ts';
import { concealed } from './describe-words.ts';
import type { HealthCheck, ImageDefaults, RunningContainer } from './running.ts';
import { hint, loss, type Remark, type Value } from './value.ts';

/** What the engine takes for a check that does not say. */
const INTERVAL_MS = 30_000;
const RETRIES = 3;

/** A day: no time of the file is longer. */
const LONGEST_MS = 86_400_000;

/** Of a gate, where the file does not say. */
const TIMEOUT_MS = 2000;

/** A health check that is not the image's own, as a command that is asked before an instance counts as ready. */
export function describeHealth({ name, health }: RunningContainer, image: ImageDefaults): Description {
  const none = { fields: new Map<string, Value>(), remarks: [] };
  if (health === null || isSame(health, image.health)) return none;
  const [kind = 'NONE', ...rest] = health.test;
  if (kind === 'NONE') {
    if (image.health === null) return none;
    return {
      ...none,
      remarks: [loss('health', "`--no-healthcheck` cannot be said: the image's health check will be asked")],
    };
  }
  if (rest.length === 0) return none;
  const isShell = kind === 'CMD-SHELL';
  const words = concealed(rest, name, 'Healthcheck.Test', 1);
  const fields = new Map<string, Value>();
  const timeout =
    health.timeoutMs > 0 && health.timeoutMs !== TIMEOUT_MS ? { timeout: seconds(health.timeoutMs) } : {};
  fields.set('health', { command: isShell ? ['sh', '-c', ...words] : words, ...timeout });
  const limitMs = health.startPeriodMs + (health.retries || RETRIES) * (health.intervalMs || INTERVAL_MS);
  fields.set('startup_time', seconds(limitMs));
  const remarks: Remark[] = [
    hint('health', "asked until it is ready; the engine's own check while it runs is an image's HEALTHCHECK"),
    hint('startup_time', 'as long as its health check allowed'),
  ];
  return { fields, remarks };
}

function seconds(ms: number): Value {
  const most = Math.min(ms, LONGEST_MS);
  return most % 1000 === 0 ? `${most / 1000}s` : `${Math.ceil(most)}ms`;
}

function isSame(a: HealthCheck, b: HealthCheck | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
