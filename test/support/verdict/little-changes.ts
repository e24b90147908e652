import {
  behindAnother,
  behindHaproxy,
  changing,
  edited,
  reloadedHaproxy,
  reloadedNginx,
  renewed,
  rewritten,
  type Clients,
  type VerdictCase,
} from './case.ts';

/** So far away that some request is always on its way. */
const FAR_AWAY: Clients = { anew: 4, kept: 48, pauseMs: 50, latencyMs: 20 };

/** What is changed without a replacement, and a balancer that is no front door. */
export const littleChanges: readonly VerdictCase[] = [
  {
    name: "a haproxy's configuration, reloaded",
    stack: reloadedHaproxy('option idle-close-on-response'),
    change: rewritten('haproxy.cfg'),
    clients: FAR_AWAY,
    said: 'zero-downtime',
    rule: 'reload-checked',
  },
  {
    name: "a haproxy's configuration, reloaded: it closes what clients keep",
    before: edited('haproxy.cfg', (text) => text.replace('  option idle-close-on-response\n', '')),
    change: rewritten('haproxy.cfg'),
    said: 'gap',
    rule: 'reload-closes-kept',
    clients: FAR_AWAY,
    length: 'instant',
  },
  {
    name: "an nginx's configuration, reloaded, which keeps no clients",
    stack: reloadedNginx('keepalive_timeout 0;'),
    change: rewritten('nginx.conf'),
    said: 'zero-downtime',
    rule: 'reload-checked',
  },
  {
    name: "an nginx's configuration, reloaded: it closes what clients keep",
    stack: reloadedNginx(''),
    change: rewritten('nginx.conf'),
    said: 'gap',
    rule: 'reload-closes-kept',
    clients: FAR_AWAY,
    length: 'instant',
  },
  {
    name: 'a haproxy on a socket behind another, with slow requests and streams',
    stack: behindHaproxy('node', behindAnother),
    paths: ['/slow/2', '/stream/5', '/ping', ...Array.from({ length: 40 }, () => '/count/')],
    clients: { anew: 24, kept: 16, pauseMs: 30 },
    change: changing('inner', renewed),
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
];
