import type { Engine, EngineFacts } from '../engine.ts';
import { pinApiVersion } from './api-version.ts';
import { containerCalls } from './containers.ts';
import { NonsenseAnswer } from './engine-errors.ts';
import { execCalls } from './exec.ts';
import type { Endpoint } from './host-url.ts';
import { imageCalls } from './images.ts';
import { logCalls } from './logs.ts';
import { networkCalls } from './networks.ts';
import { connectTransport, type Transport } from './transport.ts';
import { volumeCalls } from './volumes.ts';

/** Deadlines; streams, waits and builds have none. */
export interface EngineLimits {
  /** For what only reads, and for connecting: 15 s. */
  readonly readMs: number;
  /** For what changes something; a start may pull up a slow volume: 120 s. A stop has its own time on top. */
  readonly changeMs: number;
  /** For a pull without a sign of life: 5 minutes. */
  readonly pullSilenceMs: number;
}

/** What an {@link Engine} waits for where nothing else is said. */
export const defaultLimits: EngineLimits = { readMs: 15_000, changeMs: 120_000, pullSilenceMs: 300_000 };

/**
 * Asks the engine for its version, pins the API to the newest version that both know, and gives the engine.
 * Rejects with {@link EngineError}: `unreachable`, `timeout`, `nonsense`, or `invalid` for an engine that is too old.
 */
export async function connectEngine(endpoint: Endpoint, limits: Partial<EngineLimits> = {}): Promise<Engine> {
  const all = { ...defaultLimits, ...limits };
  const transport = await connectTransport(endpoint);
  try {
    const version = await askVersion(transport, all.readMs);
    transport.pin(pinApiVersion(version.apiVersion, version.minimum, version.version));
    return makeEngine(transport, version, all);
  } catch (error) {
    transport.close();
    throw error;
  }
}

interface Version {
  readonly version: string;
  readonly apiVersion: string;
  readonly minimum: string;
  readonly os: string;
  readonly architecture: string;
}

function makeEngine(transport: Transport, version: Version, limits: EngineLimits): Engine {
  return {
    async facts(): Promise<EngineFacts> {
      const info = await transport.ask('info', limits.readMs, async (docker) => {
        // The types of dockerode leave `info` open.
        const answer = (await docker.info()) as { Name?: string; LoggingDriver?: string };
        return { host: answer.Name ?? '', logDriver: answer.LoggingDriver ?? '' };
      });
      const { version: name, apiVersion, os, architecture } = version;
      return { version: name, apiVersion, os, architecture, ...info };
    },
    ...containerCalls(transport, limits),
    ...logCalls(transport, limits),
    ...volumeCalls(transport, limits),
    ...networkCalls(transport, limits),
    ...imageCalls(transport, limits),
    ...execCalls(transport, limits),
    close: () => transport.close(),
  };
}

function askVersion(transport: Transport, limitMs: number): Promise<Version> {
  return transport.ask('connect', limitMs, async (docker) => {
    // What answers may be anything at all, whatever the types say.
    const answer = (await docker.version()) as Partial<Record<string, unknown>> | null;
    const text = (key: string) => (typeof answer?.[key] === 'string' ? answer[key] : '');
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
