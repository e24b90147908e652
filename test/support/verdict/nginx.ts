import type { Served } from '../load.ts';
import type { Loose } from '../stack-cli.ts';
import { again, behindNginx, KEPT, set, SOON, type Server, type VerdictCase } from './case.ts';

/** nginx waits 60 s for an answer, and whether node finishes what it has is not known. */
function patient(server: Server, more: Loose = {}, location = '') {
  return (...where: Parameters<ReturnType<typeof behindNginx>>): Served => {
    const made = behindNginx(server, location)(...where);
    Object.assign(made.app, { drain_timeout: 60, ...more });
    return made;
  };
}

/** nginx in front: of each server a swap, and each kind of change, with clients that keep their connections beside others. */
export const behindNginxes: readonly VerdictCase[] = [
  ...(['puma', 'gunicorn', 'node'] as const).map(
    (server): VerdictCase => ({
      name: `an nginx that connects anew, before ${server}`,
      stack: patient(server),
      change: again,
      said: 'zero-downtime',
      rule: 'socket-swap',
    }),
  ),
  {
    name: 'an nginx that would keep connections to unicorn, which closes them',
    stack: behindNginx('unicorn', KEPT, 'keepalive 16;'),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'an nginx that tries no other, before gunicorn',
    stack: patient('gunicorn', {}, 'proxy_next_upstream off;'),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'from two to one behind an nginx that tries no other',
    change: set({ containers: 1 }),
    said: 'gap',
    rule: 'no-second-try',
    length: 'lasting',
  },
  {
    name: 'stop-first behind nginx, one puma after the other',
    stack: patient('puma', { strategy: { order: 'stop-first' } }),
    change: again,
    said: 'zero-downtime',
    rule: 'taken-away',
  },
  {
    name: 'from two pumas to one behind nginx',
    change: set({ containers: 1 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'an nginx that keeps connections to node, which is killed',
    stack: (...where) => {
      const made = behindNginx('node', `${KEPT} proxy_request_buffering off;`, 'keepalive 16;')(...where);
      Object.assign(made.app, { ...SOON, stop_signal: 'KILL' });
      return made;
    },
    change: again,
    // What has no body nginx sends to another server when this one is killed.
    paths: ['/count/'],
    clients: { anew: 8, kept: 8, pauseMs: 30, uploadMs: 500 },
    said: 'gap',
    rule: 'kept-and-killed',
    length: 'instant',
  },
];
