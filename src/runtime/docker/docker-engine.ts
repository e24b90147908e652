import type { Engine } from '../engine.ts';
import { pinApiVersion } from './api-version.ts';
import { containerCalls } from './containers.ts';
import { NonsenseAnswer } from './engine-errors.ts';
import { defaultLimits, type EngineLimits } from './engine-limits.ts';
import { execCalls } from './exec.ts';
import type { Endpoint } from './host-url.ts';
import { imageCalls } from './images.ts';
import { logCalls } from './logs.ts';
import { networkCalls } from './networks.ts';
import { connectTransport, type Transport } from './transport.ts';
import { volumeCalls } from './volumes.ts';

/**
 * Asks the engine for its version (GET /version), pins the API to the newest version that both know, and gives the
 * engine. Rejects with `EngineError`: `unreachable`, `timeout`, `nonsense`, or `invalid` for an engine that is too old.
 */
export async function connectEngine(endpoint: Endpoint, limits: Partial<EngineLimits> = {}): Promise<Engine> {
  const all = { ...defaultLimits, ...limits };
  const transport = await connectTransport(endpoint);
  try {
    const version = await askVersion(transport, all.readMs);
    transport.pin(pinApiVersion(version.apiVersion, version.minimum, version.version));
    return dockerEngine(transport, version, all);
  } catch (error) {
    transport.close();
    throw error;
  }
}

interface EngineVersion {
  readonly version: string;
  readonly apiVersion: string;
  /** The oldest API version that the engine still speaks. */
  readonly minimum: string;
  readonly os: string;
  readonly architecture: string;
}

function askVersion(transport: Transport, limitMs: number): Promise<EngineVersion> {
  return transport.ask('connect', limitMs, async (docker) => {
    // What answers may be anything at all, whatever the types say.
    const answer: unknown = await docker.version();
    const text = (key: string): string => {
      const value: unknown =
        typeof answer === 'object' && answer !== null ? Reflect.get(answer, key) : undefined;
      return typeof value === 'string' ? value : '';
    };
    if (!/^\d+\.\d+$/.test(text('ApiVersion'))) throw new NonsenseAnswer('it told no API version');
    return {
      version: text('Version'),
      apiVersion: text('ApiVersion'),
      minimum: text('MinAPIVersion') || '1.0',
      os: text('Os'),
      architecture: text('Arch'),
    };
  });
}

function dockerEngine(transport: Transport, version: EngineVersion, limits: EngineLimits): Engine {
  return {
    facts: () =>
      transport.ask('info', limits.readMs, async (docker) => {
        const info: { Name?: string; LoggingDriver?: string } = await docker.info();
        const { version: name, apiVersion, os, architecture } = version;
        const host = info.Name ?? '';
        return { version: name, apiVersion, host, logDriver: info.LoggingDriver ?? '', os, architecture };
      }),
    ...containerCalls(transport, limits),
    ...logCalls(transport, limits),
    ...volumeCalls(transport, limits),
    ...networkCalls(transport, limits),
    ...imageCalls(transport, limits),
    ...execCalls(transport, limits),
    close: () => transport.close(),
  };
}
