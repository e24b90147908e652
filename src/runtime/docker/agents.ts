import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions } from 'node:https';

import type { Endpoint } from './host-url.ts';

/** The connections to one engine: short calls share them, a stream holds one as long as it lasts. */
export interface Agents {
  readonly calls: HttpAgent;
  readonly streams: HttpAgent;
}

/** Else every agent finds out a name for TLS, even without TLS; the pattern for that takes milliseconds to compile. */
const NO_SERVER_NAME = { servername: '' };

/** Enough to hide the round trips, few enough for what stands between. */
const REMOTE_CONNECTIONS = 16;

/** sshd lets only some logins through at a time (MaxStartups, 10 by default). */
const SSH_CONNECTIONS = 4;

/** Keep-alive agents for an endpoint. `destroy()` of both closes every connection and ends every ssh. */
export async function makeAgents(endpoint: Endpoint): Promise<Agents> {
  if (endpoint.kind === 'ssh') {
    const { SshAgent } = await import('./ssh-agent.ts');
    return {
      calls: new SshAgent(endpoint, SSH_CONNECTIONS),
      streams: new SshAgent(endpoint, Infinity),
    };
  }
  const isSecure = endpoint.kind === 'tcp' && endpoint.secure;
  const agent = (maxSockets: number) =>
    isSecure
      ? new HttpsAgent({ keepAlive: true, maxSockets, ...tlsOptions(endpoint) })
      : new HttpAgent({ keepAlive: true, maxSockets, ...NO_SERVER_NAME });
  return { calls: agent(REMOTE_CONNECTIONS), streams: agent(Infinity) };
}

function tlsOptions({ tls }: Endpoint & { kind: 'tcp' }): AgentOptions {
  if (tls === null) return {};
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
  };
}
