import type { Engine } from '../engine.ts';
import type { HttpAnswer } from './answer-reader.ts';
import { apiOffer, chooseApiVersion, tooNew, type ApiOffer } from './api-version.ts';
import { archiveCalls } from './archive.ts';
import { attachCalls } from './attach.ts';
import { containerCalls } from './containers.ts';
import { defaultLimits, type EngineLimits } from './engine-limits.ts';
import { execCalls } from './exec.ts';
import type { Endpoint } from './host-url.ts';
import { imageCalls } from './images.ts';
import { logCalls } from './logs.ts';
import { networkCalls } from './networks.ts';
import { connectTransport, type Transport } from './transport.ts';
import { volumeCalls } from './volumes.ts';
import { watchCalls } from './watch.ts';

/**
 * Greets the engine (GET /_ping, which costs it nothing; GET /version runs programs), pins the API to the newest
 * version that both know, and gives the engine. Rejects with `EngineError`: `unreachable`, `timeout`, `nonsense`, or
 * `invalid` for an engine that is too old or too new.
 */
export async function connectEngine(endpoint: Endpoint, limits: Partial<EngineLimits> = {}): Promise<Engine> {
  const all = { ...defaultLimits, ...limits };
  const transport = await connectTransport(endpoint);
  try {
    const offer = await greet(transport, all.readMs);
    const apiVersion = chooseApiVersion(offer);
    transport.pin(apiVersion);
    // What a newer engine no longer speaks, only its answer tells.
    if (apiVersion !== offer.apiVersion) await greet(transport, all.readMs).catch(tooNew(offer));
    return dockerEngine(transport, offer.apiVersion, all);
  } catch (error) {
    transport.close();
    throw error;
  }
}

async function greet(transport: Transport, limitMs: number): Promise<ApiOffer> {
  return transport.greet('connect', limitMs, async (docker) => {
    const greeting: HttpAnswer = await docker.ping();
    return apiOffer(greeting);
  });
}

function dockerEngine(transport: Transport, apiVersion: string, limits: EngineLimits): Engine {
  return {
    facts: () =>
      transport.ask('info', limits.readMs, async (docker) => {
        const info: Info = await docker.info();
        return {
          id: info.ID ?? '',
          version: info.ServerVersion ?? '',
          apiVersion,
          host: info.Name ?? '',
          logDriver: info.LoggingDriver ?? '',
          os: info.OSType ?? '',
          architecture: info.Architecture ?? '',
        };
      }),
    ...containerCalls(transport, limits),
    ...archiveCalls(transport, limits),
    ...attachCalls(transport, limits),
    ...watchCalls(transport),
    ...logCalls(transport, limits),
    ...volumeCalls(transport, limits),
    ...networkCalls(transport, limits),
    ...imageCalls(transport, limits),
    ...execCalls(transport, limits),
    close: () => transport.close(),
  };
}

/** What is read of GET /info. */
interface Info {
  readonly ID?: string;
  readonly ServerVersion?: string;
  readonly Name?: string;
  readonly LoggingDriver?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
}
