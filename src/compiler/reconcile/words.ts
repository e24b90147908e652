import type { DesiredInstance, Gate } from '../desired/desired-state.ts';
import { unreachable } from '../unreachable.ts';

/** What must hold before an instance counts as ready, in words. */
export function gateWords(gate: Gate): string {
  switch (gate.kind) {
    case 'http':
      return `HTTP ${gate.path} ${over(gate.over)} within ${seconds(gate.limitMs)}`;
    case 'tcp':
      return `a connection ${over(gate.over)} within ${seconds(gate.limitMs)}`;
    case 'command':
      return `\`${gate.command[0] ?? ''}\` exits 0 within ${seconds(gate.limitMs)}`;
    case 'engine':
      if (gate.healthcheck === false)
        return `up for ${seconds(gate.uptimeMs)}, as nothing says how to ask it`;
      return `its image's health check within ${seconds(gate.limitMs)}${gate.healthcheck === true ? '' : `, else up for ${seconds(gate.uptimeMs)}`}`;
    default:
      return unreachable(gate);
  }
}

function over(where: 'socket' | { readonly port: number }): string {
  return where === 'socket' ? 'over its socket' : `on port ${where.port}`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** What a reader of the plan should know about an instance besides its reasons. */
export function instanceNotes(instance: DesiredInstance): readonly string[] {
  const socket = instance.socket;
  return socket?.inferred === true ? [`socket ${socket.published} (inferred from the command)`] : [];
}

/** `3 changes`, `1 change`. */
export function count(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`;
}
