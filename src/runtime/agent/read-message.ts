import type { AgentAnswer, Hello } from '../../agent/protocol.ts';

/** Reads a line of the agent's; null for what is no message of the protocol. */
export function readMessage(line: string | null): Hello | AgentAnswer | null {
  let message: unknown;
  try {
    message = JSON.parse(line ?? '');
  } catch {
    return null;
  }
  if (typeof message !== 'object' || message === null) return null;
  if ('hello' in message) return helloIn(message);
  if (!('id' in message) || !('ok' in message)) return null;
  const { id, ok } = message;
  if (ok === true)
    return typeof id === 'number' ? { id, ok, result: 'result' in message ? message.result : null } : null;
  const known = (typeof id === 'number' || id === null) && ok === false;
  return known && 'error' in message && typeof message.error === 'string'
    ? { id, ok, error: message.error }
    : null;
}

function helloIn(message: object): Hello | null {
  const known = 'hello' in message && message.hello === 'stackc-agent' && 'protocol' in message;
  return known && typeof message.protocol === 'number'
    ? { hello: 'stackc-agent', protocol: message.protocol }
    : null;
}
