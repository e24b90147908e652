import { answer, type Places } from './answer.ts';
import { serveControl } from './control-socket.ts';
import { Keeper } from './keeper.ts';
import { removeHeld, sweep } from './sweep.ts';

/**
 * Stays up until asked to stop: sessions are started beside it by exec, and leave to it what must outlive them. They
 * reach it at `control`, in a folder of its own.
 */
export function idle(places: Places, control: string): void {
  // The kernel gives a container's first process no default action for signals.
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  // Keeps the event loop alive; the longest delay that a timer takes.
  setInterval(() => undefined, 2 ** 31 - 1);
  removeHeld(places.root);
  listen(places, control);
  sweep(places.root);
  process.stdout.write('the agent is up\n');
}

function listen(places: Places, control: string): void {
  const keeper = new Keeper();
  serveControl(control, {
    answer: (request, peer) => answer(request, places, keeper, peer),
    leave: (peer) => keeper.lease.leave(peer),
    complain: (why) => void process.stderr.write(`nothing is kept beyond a session: ${why}\n`),
  });
}
