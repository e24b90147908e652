import { networkInterfaces } from 'node:os';
import type { HostFacts } from '../../compiler/desired/resolved-inputs.ts';
import type { Engine } from '../engine.ts';

/**
 * The machine of the engine. `remoteHost` is the host of an `ssh://` or TCP engine, and then its public address;
 * for an engine on this machine that is the first IPv4 address that is not internal.
 */
export async function hostFacts(engine: Engine, remoteHost: string | null): Promise<HostFacts> {
  const facts = await engine.facts();
  return { name: facts.host, publicIp: remoteHost ?? firstPublicIp(), logDriver: facts.logDriver };
}

/** What is assumed without an engine: this machine, and the log driver that engines come with. */
export function offlineHostFacts(name: string): HostFacts {
  return { name, publicIp: firstPublicIp(), logDriver: 'json-file' };
}

/** Bridges of the engine itself are addresses of this machine too, but nobody's way in. */
function firstPublicIp(): string | null {
  const interfaces = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth)/.test(name))
    .flatMap(([, addresses]) => addresses ?? []);
  return interfaces.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? null;
}
