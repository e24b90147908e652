import type { ContainerSpec } from '../spec/container-spec.ts';
import type { LogOptions } from './desired-state.ts';
import type { Expander, Scope } from './expander.ts';

/** What logrotate kept under the old cookbook was seven files; their size is ours. */
const LIMITS: Readonly<Record<string, string>> = { 'max-file': '7', 'max-size': '10m' };

/**
 * What the container writes under `log`, over the limits that a `logrotate.forwarder` gives every container whose
 * effective log driver knows them. Null: nothing but the engine's own settings.
 */
export function logOptions(
  { log }: ContainerSpec,
  scope: Scope,
  forwarder: boolean,
  hostDriver: string,
  expander: Expander,
): LogOptions | null {
  const driver = log === null || log.driver === null ? null : expander.expand(log.driver, scope);
  const effective = driver ?? hostDriver;
  const rotates = effective === 'json-file' || effective === 'local';
  const options: Record<string, string> = forwarder && rotates ? { ...LIMITS } : {};
  for (const { name, value } of log?.options ?? []) {
    const text = expander.expand(value, scope);
    if (text !== null) options[name] = text;
  }
  return driver === null && Object.keys(options).length === 0 ? null : { driver, options };
}
