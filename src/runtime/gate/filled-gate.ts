import { SOCKET_HOLE, generationSocket } from '../../compiler/desired/desired-state.ts';
import type { DesiredInstance, Gate } from '../../compiler/desired/desired-state.ts';

/** The gate of one generation: a command that names the socket names its own. */
export function filledGate(instance: DesiredInstance, generation: number): Gate {
  const { gate, socket } = instance;
  if (gate.kind !== 'command' || socket === null) return gate;
  const path = socket.movable ? generationSocket(instance, socket, generation) : socket.published;
  return { ...gate, command: gate.command.map((word) => word.replaceAll(SOCKET_HOLE, path)) };
}
