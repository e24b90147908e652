import { expect, test } from 'vitest';

import type { VerdictFacts } from '../../../src/compiler/verdict/facts.ts';
import { judge } from '../../../src/compiler/verdict/judge.ts';
import { rules } from '../../../src/compiler/verdict/rules.ts';
import { verdictWords } from '../../../src/compiler/verdict/words.ts';
import {
  CAN,
  client,
  FIXED,
  FRONT,
  haproxy,
  HELD,
  KILLS,
  nginx,
  PUMA,
  SHARED,
  SWAP,
  TCP,
  UNKNOWN,
  UNMEASURED,
  UNREAD,
  WORKER,
} from './facts.ts';

const TAKEN: VerdictFacts = { ...FIXED, can: { ...CAN, takeAway: true }, rolled: 1 };
const REMOVED: VerdictFacts = { ...SWAP, action: 'remove', instances: { now: 4, after: 2 } };
const HOST: VerdictFacts = { ...TCP, order: 'stop-first', network: { ...TCP.network, host: true, port: 80 } };
const OWN: NonNullable<VerdictFacts['sharing']> = {
  program: 'haproxy',
  front: { kind: 'read', view: FRONT },
  nextShares: true,
  migrates: true,
  sameUser: true,
  takesOver: false,
};

function sharing({
  view = {},
  ...own
}: Partial<typeof OWN> & { readonly view?: Partial<typeof FRONT> }): VerdictFacts {
  return { ...SHARED, sharing: { ...OWN, ...own, front: { kind: 'read', view: { ...FRONT, ...view } } } };
}

const OUTSIDE: VerdictFacts['network'] = { ...TCP.network, joined: ['proxy'] };
const COUNTED = { ...CAN, drainPorts: true };
const FOUND: VerdictFacts = {
  ...TCP,
  network: OUTSIDE,
  found: { by: '`VIRTUAL_HOST`', lacks: null },
  can: { ...COUNTED, refuse: true },
};
const LONG = { inFlightMs: 90_000 };
const FORCED = { lastStop: { forced: true, open: null } };

/** What is the case, the rule, and the whole line. */
const cases: readonly (readonly [name: string, facts: VerdictFacts, rule: string, line: string])[] = [
  [
    'a path that changes',
    { ...SWAP, socket: { kind: 'none', own: false, elsewhere: true } },
    'path-changes',
    'gap until `haproxy` leads there: `haproxy` knows where the old generation serves, and the new one serves elsewhere; avoid: keep its path, and move it by a container of another name beside it',
  ],
  [
    'removed for another that needs its port',
    { ...REMOVED, instances: { now: 1, after: 0 }, successor: 'web0' },
    'handed-over',
    'gap of about 2.4 s, as measured at the last apply: it stops before `web0` starts, which needs what it holds for itself; avoid: another host port or volume for one of them',
  ],
  [
    'in place',
    { ...SWAP, action: 'update' },
    'updated-in-place',
    'zero downtime: changed in place, it goes on running',
  ],
  [
    'an adopted one whose ports move',
    { ...SWAP, action: 'update', adopted: { name: 'lb', networks: ['bridge'], movesTo: 'app' } },
    'ports-bound-anew',
    'gap of an instant: the engine binds its published ports anew when it joins `app`, and cuts what is connected through them; avoid: a stack whose name sorts behind the networks that it is on: ports are published through the first',
  ],
  [
    'a reload after a check',
    {
      ...SWAP,
      action: 'reload',
      reload: { signal: 'SIGUSR2', checked: true, closesIdle: false, forgets: [] },
    },
    'reload-checked',
    'zero downtime: reloaded by USR2 once the new configuration has passed its check',
  ],
  [
    'nginx keeps what it has',
    {
      ...SWAP,
      action: 'reload',
      server: { kind: 'nginx', program: 'nginx', keepsAlive: true },
      reload: { signal: 'SIGHUP', checked: false, closesIdle: false, forgets: [] },
    },
    'reload-checked',
    'zero downtime: reloaded by HUP; it keeps the old configuration when the new one is wrong',
  ],
  [
    'a reload that leads nowhere',
    {
      ...SWAP,
      action: 'reload',
      reload: { signal: 'SIGUSR2', checked: true, closesIdle: false, forgets: ['app'] },
    },
    'reload-forgets',
    'gap until its configuration leads to `app` again: its new configuration does not lead to `app` any more; avoid: its sockets or names as they were, if something else is to be changed',
  ],
  [
    'a reload that nothing checks',
    {
      ...SWAP,
      action: 'reload',
      reload: { signal: 'SIGHUP', checked: false, closesIdle: false, forgets: [] },
    },
    'reload-unchecked',
    'unproven: `app` must read its files again on HUP, close nothing, and survive a wrong one',
  ],
  [
    'one more that nobody knows to be ready',
    {
      ...TCP,
      action: 'create',
      gate: { kind: 'uptime', uptimeMs: 1000 },
      balancers: [haproxy({ downAfterMs: null })],
    },
    'created-unready',
    'unproven: `app0` must serve as soon as it listens: neither `health` nor a check of `haproxy` says so',
  ],
  [
    'a new one',
    { ...SWAP, action: 'create' },
    'nothing-before',
    'zero downtime: `app0` is new: nothing served there',
  ],
  ['it is down', { ...SWAP, runs: false }, 'nothing-before', 'zero downtime: it does not run now'],

  [
    'a worker',
    WORKER,
    'worker-quiet',
    'zero downtime: serves no requests; takes no new jobs after TSTP, has 30 s to finish those it has, then TERM',
  ],
  [
    'a Sidekiq that is not told to take no new jobs',
    { ...WORKER, stop: { ...WORKER.stop, quietSignal: null } },
    'worker-puts-back',
    'unproven: no job takes longer than Sidekiq waits for it (`-t`), or with `quiet_signal: TSTP` it is waited for',
  ],
  [
    'a program that nobody connects to',
    {
      ...WORKER,
      server: UNKNOWN,
      stop: { signal: null, effect: 'unknown', quietSignal: null, timeoutMs: 10_000 },
    },
    'worker',
    'zero downtime: serves no requests; its stop signal and 10 s to finish its job',
  ],
  [
    'a worker that had to be killed',
    { ...WORKER, ...FORCED },
    'worker-forced',
    'gap of an instant: its last stop had to be forced: the job it had was cut off; avoid: a longer `stop_timeout`',
  ],
  [
    'a worker that is killed',
    { ...WORKER, stop: { ...KILLS, signal: 'SIGKILL' } },
    'worker-killed',
    'gap of an instant: KILL ends it at once: the job it has is cut off; avoid: `stop_signal: TERM`',
  ],
  [
    'a worker without time',
    { ...WORKER, stop: { ...WORKER.stop, timeoutMs: 0 } },
    'worker-killed',
    'gap of an instant: `stop_timeout: 0` kills it: the job it has is cut off; avoid: a longer `stop_timeout`',
  ],
  [
    'a worker behind a shell',
    { ...WORKER, stop: { ...WORKER.stop, effect: 'ignored' } },
    'worker-shell',
    'gap of an instant: a shell runs it and passes no TERM on: it is killed when `stop_timeout` is over; avoid: `exec` before the program, in its command',
  ],
  [
    'a worker with long jobs',
    { ...WORKER, ...LONG },
    'worker-long-job',
    'gap of an instant: jobs of 90 s are cut off after `stop_timeout`, 30 s; avoid: `stop_timeout: 90`',
  ],

  [
    'gone, and nobody knew it',
    { ...TCP, action: 'remove', instances: { now: 1, after: 0 } },
    'removed-unused',
    'zero downtime: nobody in the stack connects to it',
  ],
  [
    'gone with its port',
    { ...TCP, action: 'remove', hostPorts: [80] },
    'removed-port',
    'gap until it is back: nobody answers on port 80 of the host any more; avoid: leave it in the file',
  ],
  [
    'the last one goes',
    { ...REMOVED, instances: { now: 1, after: 0 } },
    'removed-last',
    'gap until it is back: it is the last one: nothing of `app` serves any more; avoid: keep one instance',
  ],
  [
    'scaled down',
    REMOVED,
    'removed',
    'zero downtime: its path is taken away, 2 of 4 go on, it stops after its last connection',
  ],
  [
    'scaled down, no second try',
    { ...REMOVED, balancers: [haproxy({ triesAnother: false })] },
    'no-second-try',
    'gap of at most 600 ms until the checks of `haproxy` see it: `haproxy` gives up when a connect fails, and tries no other instance; avoid: `option redispatch 1` and `retries 3` in `haproxy`',
  ],
  [
    'scaled down behind nginx',
    {
      ...REMOVED,
      balancers: [nginx({ triesAnother: false, downAfterMs: null })],
      measured: UNMEASURED,
    },
    'no-second-try',
    'gap until `nginx` no longer lists it: `nginx` gives up when a connect fails, and tries no other instance; avoid: `proxy_next_upstream error timeout` in `nginx`',
  ],
  [
    'scaled down to one that the balancer does not list',
    { ...REMOVED, balancers: [haproxy({ triesAnother: false, others: 0, downAfterMs: null })] },
    'no-second-try',
    'gap until `haproxy` lists another: `haproxy` gives up when a connect fails, and tries no other instance; avoid: list the other instances in `haproxy` too',
  ],
  [
    'scaled down, nothing known',
    { ...REMOVED, balancers: [] },
    'nobody-known',
    'unproven: whoever reaches it must try another instance when a connect fails (no balancer is known)',
  ],
  [
    'scaled down, a path that is not counted',
    { ...REMOVED, socket: { kind: 'fixed', own: false, elsewhere: false } },
    'removed-uncounted',
    'gap of an instant: what waits to be accepted when it stops is lost: nothing is counted on its path; avoid: write its path as `%{socket}` in its command, so that each generation has its own',
  ],
  [
    'scaled down over TCP',
    { ...TCP, action: 'remove', instances: { now: 4, after: 2 }, balancers: [haproxy()] },
    'removed-listed',
    'gap of at most 600 ms until the checks of `haproxy` see it: `haproxy` tries its address until it is seen to be gone; avoid: a `socket` of its own: its path can be taken away first',
  ],
  [
    'scaled down, linked',
    { ...TCP, action: 'remove', instances: { now: 4, after: 2 }, clients: [client()] },
    'removed-reached',
    'unproven: `web` must have turned to another instance before',
  ],

  [
    'another port of the host',
    { ...TCP, hostPorts: [443], hostPortMoves: { from: 443, to: 8443 } },
    'host-port-moves',
    'gap until whoever connects there turns to port 8443: nobody answers on port 443 of the host any more: it publishes 8443 instead; avoid: a balancer that publishes both for one deploy',
  ],
  [
    'a port of the host that is published no longer',
    { ...TCP, hostPorts: [443], hostPortMoves: { from: 443, to: null } },
    'host-port-moves',
    'gap until somebody publishes it again: nobody answers on port 443 of the host any more; avoid: a balancer that goes on publishing it',
  ],
  [
    'a published port',
    { ...TCP, order: 'stop-first', hostPorts: [443] },
    'host-port',
    'gap of about 2.6 s, as measured at the last apply: only one container at a time can publish port 443 of the host; avoid: reload it instead of replacing it, or publish the port on a balancer in front',
  ],
  [
    'a port in the network of the host',
    HOST,
    'host-network',
    'gap of about 2.1 s, as measured at the last apply: one generation at a time listens on port 80 of the host; avoid: a `socket`, or reload it instead of replacing it',
  ],
  [
    '… which two could share',
    { ...SHARED, order: 'stop-first' },
    'host-network',
    'gap of about 2.1 s, as measured at the last apply: one generation at a time listens on port 80 of the host; avoid: `strategy: {order: start-first}`, and `net.ipv4.tcp_migrate_req=1` on the host: its configuration shares the port',
  ],
  [
    '… which two could share if they said so',
    { ...sharing({ view: { sharesPorts: false }, program: 'nginx' }), order: 'stop-first' },
    'host-network',
    'gap of about 2.1 s, as measured at the last apply: one generation at a time listens on port 80 of the host; avoid: `listen … reuseport`, then `strategy: {order: start-first}`; or reload it instead of replacing it',
  ],
  [
    'shared',
    SHARED,
    'host-network-overlap',
    'zero downtime: both listen on port 80 of the host; what the old one has not accepted goes to the new one',
  ],
  [
    'shared, but bound for one alone by nginx',
    sharing({ view: { sharesPorts: false }, program: 'nginx' }),
    'host-network-bound',
    'unproven: `haproxy` fails its gate beside the old one: that has port 80 for itself alone; `listen … reuseport`, and `stop-first` once',
  ],
  [
    'shared, but bound for one alone by haproxy',
    sharing({ view: { sharesPorts: false } }),
    'host-network-bound',
    'unproven: `haproxy` fails its gate beside the old one: that has port 80 for itself alone; no `noreuseport`, and `stop-first` once',
  ],
  [
    'shared, but the new one would bind for itself alone',
    { ...SHARED, sharing: { ...SHARED.sharing, nextShares: false } as VerdictFacts['sharing'] },
    'host-network-binds',
    'unproven: `haproxy` fails its gate beside the old one: it wants port 80 for itself alone; no `noreuseport`, and `stop-first` once',
  ],
  [
    'shared, and nobody knows how the new one binds',
    { ...SHARED, sharing: { ...SHARED.sharing, nextShares: null } as VerdictFacts['sharing'] },
    'host-network-binds-perhaps',
    'unproven: `haproxy` must bind with `SO_REUSEPORT`: its new configuration could not be read',
  ],
  [
    'shared, by another user',
    sharing({ sameUser: false }),
    'host-network-user',
    'unproven: `haproxy` fails its gate beside the old one: its user changes, and one user has port 80; `order: stop-first` once',
  ],
  [
    'taken over',
    sharing({ takesOver: true }),
    'host-network-taken-over',
    'unproven: `haproxy` fails its gate beside the old one: with `-x` it takes its listeners, and none is new; leave `-x` out',
  ],
  [
    'shared, and killed',
    { ...SHARED, stop: KILLS },
    'host-network-killed',
    'gap of an instant: TERM ends haproxy at once: requests under way are cut off; avoid: `stop_signal: USR1`',
  ],
  [
    'shared, and forced the last time',
    { ...SHARED, ...FORCED },
    'host-network-forced',
    'gap of an instant: its last stop had to be forced: requests under way were cut off; avoid: a longer `stop_timeout`',
  ],
  [
    'shared, and the kernel resets what waits',
    sharing({ migrates: false }),
    'host-network-reset',
    'gap of an instant: what waits to be accepted by the old one when it stops is reset; avoid: `sysctl -w net.ipv4.tcp_migrate_req=1` on the host',
  ],
  [
    'shared, and haproxy closes what is kept',
    sharing({ view: { closesBehindAnswers: false } }),
    'host-network-idle-closed',
    'gap of an instant: it closes the connections that clients keep when it stops: one that has just asked again is reset; avoid: `option idle-close-on-response`',
  ],
  [
    'shared, and nginx closes what is kept',
    sharing({ view: { closesBehindAnswers: false }, program: 'nginx' }),
    'host-network-idle-closed',
    'gap of an instant: it closes the connections that clients keep when it stops: one that has just asked again is reset; avoid: `keepalive_min_timeout` (nginx 1.27.4), or `keepalive_timeout 0`',
  ],
  [
    'shared, with QUIC',
    sharing({ view: { datagrams: true } }),
    'host-network-datagrams',
    'gap of an instant: it takes UDP or QUIC too: the kernel sends those that the old one has begun to either of them; avoid: leave UDP and QUIC to another container',
  ],
  [
    'shared, unread',
    { ...SHARED, sharing: { ...OWN, front: { kind: 'unread', why: 'it is not there' } } },
    'host-network-unread',
    'unproven: `haproxy` must bind with `SO_REUSEPORT` and close what clients keep behind an answer alone (not readable: it is not there)',
  ],
  [
    'shared by what is no balancer',
    {
      ...SHARED,
      container: 'app',
      server: UNKNOWN,
      sharing: { ...OWN, program: null, front: { kind: 'none' } },
    },
    'host-network-unread',
    'unproven: `app` must bind with `SO_REUSEPORT` and close what clients keep behind an answer alone',
  ],
  [
    'shared, and nobody asked the kernel',
    sharing({ migrates: null }),
    'host-network-migrates',
    'unproven: `net.ipv4.tcp_migrate_req=1` must hold on the host (nobody could look: no agent runs in its network)',
  ],
  [
    'shared, and its signal is not known',
    { ...SHARED, stop: { ...SWAP.stop, signal: null, effect: 'unknown' } },
    'host-network-stop',
    'unproven: `haproxy` must finish what it has on its stop signal, and accept nothing more',
  ],
  [
    'shared, and it passes bytes',
    sharing({ view: { passesBytes: true } }),
    'host-network-bytes',
    'unproven: clients to which `haproxy` passes bytes must close within 30 s',
  ],
  [
    'shared, with patient clients',
    sharing({ view: { idleMs: 60_000 } }),
    'host-network-idle',
    'unproven: no client may keep a connection for 30 s and then ask again: 60 s is allowed; raise `stop_timeout`',
  ],
  [
    'shared, with long requests that it cuts off',
    sharing({ view: { requestMs: null, cutsAfterMs: 20_000 } }),
    'host-network-cut-off',
    'unproven: no request may last longer than 20 s: any time is allowed; raise `hard-stop-after`',
  ],
  [
    'shared, with long requests that nginx cuts off',
    sharing({ view: { requestMs: 60_000, cutsAfterMs: 20_000 }, program: 'nginx' }),
    'host-network-cut-off',
    'unproven: no request may last longer than 20 s: 60 s is allowed; raise `worker_shutdown_timeout`',
  ],
  [
    'shared, and ready by a connect alone',
    { ...SHARED, gate: { kind: 'tcp', limitMs: 60_000 } },
    'connect-proves-nothing',
    'unproven: `haproxy` must serve as soon as it listens: a connect proves no more; write `health: {path: /}`',
  ],
  [
    'looked up once by a balancer',
    { ...TCP, balancers: [haproxy({ resolvesOnce: true }), nginx({ resolvesOnce: true })] },
    'resolved-once',
    'gap until `haproxy` and `nginx` are started again, at the latest: `haproxy` and `nginx` looked its name up once and go on using the old address; avoid: a `socket`, or `resolvers` where they look the name up',
  ],
  [
    'looked up once by another',
    { ...TCP, clients: [client({ resolvesOnce: true })] },
    'resolved-once',
    'gap until `web` is started again, at the latest: `web` looked its name up once and goes on using the old address; avoid: a `socket`, or `resolvers` where it looks the name up',
  ],
  [
    'a database',
    { ...TCP, order: 'stop-first', database: 'postgres', singleWriter: 'the data volume `pg`' },
    'database',
    'gap of about 2.1 s, as measured at the last apply: the files of postgres have one writer: it stops before its successor starts; avoid: `deploy: manual`, then it is replaced only when it is named',
  ],
  [
    'one writer',
    { ...TCP, order: 'stop-first', singleWriter: 'the data volume `files`' },
    'single-writer',
    'gap of about 2.1 s, as measured at the last apply: only it writes the data volume `files`: it stops before its successor starts; avoid: `strategy: {order: start-first}`, if two generations can share the files',
  ],

  [
    'alone behind a proxy',
    { ...FIXED, instances: { now: 1, after: 1 }, measured: { ...UNMEASURED, stopMs: 3 } },
    'alone',
    'gap of at most 60 s (3 ms to stop, 60 s to be ready), measured from the next apply on: it is the only one behind `haproxy`, and stops before its successor starts; avoid: write its path as `%{socket}` in its command, so that each generation has its own',
  ],
  [
    'stop-first as written, alone',
    { ...SWAP, order: 'stop-first', instances: { now: 1, after: 1 } },
    'alone',
    'gap of about 2.4 s, as measured at the last apply: it is the only one behind `haproxy`, and stops before its successor starts; avoid: `strategy: {order: auto}`: its socket can move',
  ],
  [
    'all at once',
    { ...TCP, order: 'stop-first', batch: 4, gone: 4 },
    'alone',
    'gap of about 2.1 s, as measured at the last apply: all instances stop at once, before their successors start; avoid: a smaller `batch`',
  ],
  [
    'siblings, and nothing that leads to them',
    { ...FIXED, balancers: [haproxy({ triesAnother: false })] },
    'not-taken-away',
    'gap of about 2.4 s, as measured at the last apply: connects to it fail until its successor is ready; avoid: write its path as `%{socket}` in its command, so that each generation has its own',
  ],
  [
    'siblings, and a balancer that tries them',
    FIXED,
    'not-taken-away',
    'gap of an instant: what waits to be accepted when it stops is lost; avoid: write its path as `%{socket}` in its command, so that each generation has its own',
  ],
  [
    'held, on a path that it must bind itself',
    { ...HELD, socket: FIXED.socket },
    'held-but-bound',
    'gap of about 2.4 s, as measured at the last apply: its path must be free from the start of its successor until that has bound it; avoid: write its path as `%{socket}` in its command, so that each generation has its own',
  ],
  [
    'held by a balancer that is patient for longer',
    {
      ...HELD,
      balancers: [haproxy({ silentAfterMs: 60_000 })],
    },
    'held',
    'zero downtime: hold: what comes meanwhile is accepted, and handed to the new generation',
  ],
  [
    'held, and not measured yet',
    {
      ...HELD,
      measured: UNMEASURED,
      balancers: [haproxy({ silentAfterMs: 2600 })],
    },
    'held-and-checked',
    'unproven: it must be back before `haproxy` takes it for down, 2.6 s after its checks are held too',
  ],
  [
    'held, and taken for down by then',
    {
      ...HELD,
      balancers: [haproxy({ silentAfterMs: 1200 })],
    },
    'held-beyond-checks',
    'gap of about 2.6 s, as measured at the last apply: `haproxy` takes it for down 1.2 s after its checks are held too; avoid: a higher `fall` or a longer `timeout check` in `haproxy`',
  ],
  [
    'held, and too close to tell',
    {
      ...HELD,
      balancers: [haproxy({ silentAfterMs: 2600 })],
    },
    'held-and-checked',
    'unproven: it must be back before `haproxy` takes it for down, 2.6 s after its checks are held too',
  ],
  [
    'held for longer than anybody waits',
    { ...HELD, balancers: [haproxy({ serverTimeoutMs: 1000 })] },
    'held-too-long',
    'gap of about 2.4 s, as measured at the last apply: its successor takes longer than `haproxy` waits for an answer; avoid: a longer `timeout server`',
  ],
  [
    'siblings, its path taken away',
    TAKEN,
    'taken-away',
    'zero downtime: its path is taken away, 3 of 4 go on, it stops after its last connection',
  ],
  [
    'taken away, no second try',
    { ...TAKEN, balancers: [haproxy({ triesAnother: false })] },
    'no-second-try',
    'gap of at most 600 ms until the checks of `haproxy` see it: `haproxy` gives up when a connect fails, and tries no other instance; avoid: `option redispatch 1` and `retries 3` in `haproxy`',
  ],
  [
    'taken away, one after the other, and checked slowly',
    { ...TAKEN, rolled: 4, balancers: [haproxy({ upAfterMs: 10_000 })] },
    'checks-slower-than-the-roll',
    'gap of at most 10 s until the checks of `haproxy` see it: `haproxy` takes 10 s to see an instance up again; by then none is left; avoid: checks in shorter intervals (`inter`, `rise 1`; nginx: `max_fails=0`), or a smaller `batch`',
  ],
  [
    'checked slowly, but there are enough',
    { ...TAKEN, rolled: 4, balancers: [haproxy({ upAfterMs: 4000 })] },
    'taken-away',
    'zero downtime: its path is taken away, 3 of 4 go on, it stops after its last connection',
  ],
  [
    'checked slowly, but waited for',
    {
      ...TAKEN,
      rolled: 4,
      can: { ...CAN, takeAway: true, awaitUp: true },
      balancers: [haproxy({ upAfterMs: 10_000 })],
    },
    'taken-away',
    'zero downtime: its path is taken away, 3 of 4 go on, it stops after its last connection',
  ],

  [
    'the same path, start-first',
    { ...FIXED, order: 'start-first' },
    'same-path',
    'gap of about 1.8 s, as measured at the last apply: both generations bind the published path: the new one takes it before it serves; avoid: write the path as `%{socket}`, so that each generation has its own',
  ],
  [
    'another socket that both bind',
    { ...SWAP, sharedFiles: [{ path: '/run/control.sock', kind: 'socket' }] },
    'same-path',
    'gap of about 1.8 s, as measured at the last apply: both generations bind `/run/control.sock`: the new one takes it before it serves; avoid: write the path as `%{socket}`, so that each generation has its own',
  ],
  [
    'one pid file',
    { ...SWAP, sharedFiles: [{ path: '/srv/app.pid', kind: 'pid' }] },
    'shared-pid-file',
    'unproven: both generations must live with the one `/srv/app.pid`: better have none, or outside of the volume',
  ],
  [
    'nothing says when it is ready',
    { ...TCP, clients: [client()], gate: { kind: 'uptime', uptimeMs: 1000 } },
    'no-readiness',
    'unproven: `app` must serve within 1 s: nothing says when it is ready; write `health`',
  ],
  [
    'a connect says when it is ready',
    { ...SWAP, gate: { kind: 'tcp', limitMs: 60_000 } },
    'connect-proves-nothing',
    'unproven: `app` must serve as soon as it listens: a connect proves no more; write `health: {path: /}`',
  ],

  [
    'kept connections to one that is killed',
    { ...SWAP, server: PUMA, stop: KILLS, balancers: [haproxy({ keepsConnections: true })] },
    'kept-and-killed',
    'gap of an instant: `haproxy` goes on using kept connections to it, and after 30 s its stop cuts them off; avoid: `option http-server-close` in `haproxy`',
  ],
  [
    'a reload that closes what clients keep',
    {
      ...SWAP,
      action: 'reload',
      server: { kind: 'haproxy', program: 'haproxy', keepsAlive: true },
      reload: { signal: 'SIGUSR2', checked: true, closesIdle: true, forgets: [] },
    },
    'reload-closes-kept',
    'gap of an instant: its old processes close connections that clients keep, also one that a request is just on its way on; avoid: `option idle-close-on-response` in `app`',
  ],
  [
    'the swap',
    SWAP,
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'the swap of a single one, by a balancer that never tries again',
    {
      ...SWAP,
      instances: { now: 1, after: 1 },
      balancers: [haproxy({ others: 0, triesAnother: false, upAfterMs: 10_000 })],
    },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'the swap with a signal that kills',
    { ...SWAP, stop: KILLS },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'the swap after a stop that was forced, with nobody connected',
    { ...SWAP, lastStop: { forced: true, open: 0 } },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'puma behind a haproxy that closes',
    { ...SWAP, server: PUMA },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'unicorn, whoever connects',
    { ...SWAP, balancers: [UNREAD] },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    'a stop that was forced',
    { ...SWAP, ...FORCED },
    'forced-with-connections',
    'gap of an instant: its last stop had to be forced: what was still open was cut off; avoid: a longer `drain_timeout`',
  ],
  [
    'haproxy keeps connections',
    { ...SWAP, server: PUMA, balancers: [haproxy({ keepsConnections: true })] },
    'kept-connections',
    'unproven: connections that `haproxy` keeps to it must end within 30 s; surer: `option http-server-close` in `haproxy`',
  ],
  [
    'nginx keeps connections',
    { ...SWAP, server: PUMA, balancers: [nginx({ keepsConnections: true })] },
    'kept-connections',
    'unproven: connections that `nginx` keeps to it must end within 30 s; surer: `proxy_set_header Connection close` in `nginx`',
  ],
  [
    'nginx keeps connections to php-fpm',
    {
      ...SWAP,
      server: { kind: 'php-fpm', program: 'php-fpm', keepsAlive: true },
      balancers: [nginx({ keepsConnections: true })],
    },
    'kept-connections',
    'unproven: connections that `nginx` keeps to it must end within 30 s; surer: `fastcgi_keep_conn off` in `nginx`',
  ],
  [
    'haproxy keeps connections, perhaps',
    { ...SWAP, server: UNKNOWN, balancers: [haproxy({ keepsConnections: true })] },
    'kept-perhaps',
    'unproven: it must close each connection after its answer; else it takes `option http-server-close` in `haproxy`',
  ],
  [
    'the first swap',
    { ...SWAP, socket: { kind: 'movable', own: false, elsewhere: false } },
    'first-swap',
    'unproven: `app0` must finish what it has and leave the path alone when it ends: it bound it itself, this once',
  ],
  [
    'the first swap, and it is killed',
    { ...SWAP, socket: { kind: 'movable', own: false, elsewhere: false }, stop: KILLS },
    'first-swap-killed',
    'gap of an instant: TERM ends unicorn at once: requests under way are cut off; avoid: `stop_signal: QUIT`',
  ],
  [
    'a balancer that cannot be read',
    { ...SWAP, server: PUMA, balancers: [UNREAD] },
    'balancer-unread',
    'unproven: `front` must connect anew for each request (not readable: it is made at its start)',
  ],
  [
    'no balancer',
    { ...SWAP, server: PUMA, balancers: [] },
    'nobody-known',
    'unproven: whoever reaches it must connect anew for each request (no balancer is known)',
  ],
  [
    'bytes',
    { ...SWAP, server: PUMA, balancers: [haproxy({ mode: 'tcp' })] },
    'bytes',
    'unproven: clients of `haproxy` must close within 30 s: it passes bytes (`mode tcp`)',
  ],
  [
    'requests that last too long',
    { ...SWAP, ...LONG },
    'cut-off',
    'gap of an instant: requests of 90 s are cut off after 60 s; avoid: `drain_timeout: 90`',
  ],
  [
    'requests that may last too long',
    { ...SWAP, stop: KILLS, balancers: [haproxy({ silenceMs: 60_000 })] },
    'cut-off-perhaps',
    'unproven: no request may last longer than 30 s: `haproxy` allows 60 s; raise `drain_timeout`',
  ],
  [
    'requests that were shorter so far, and may last too long',
    { ...SWAP, stop: KILLS, inFlightMs: 250, balancers: [haproxy({ silenceMs: 60_000 })] },
    'cut-off-perhaps',
    'unproven: no request may last longer than 30 s: `haproxy` allows 60 s; raise `drain_timeout`',
  ],
  [
    'requests that may last for ever',
    { ...SWAP, balancers: [haproxy({ silenceMs: null })] },
    'cut-off-perhaps',
    'unproven: no request may last longer than 60 s: `haproxy` allows any time; raise `drain_timeout`',
  ],

  [
    'told through the runtime socket',
    {
      ...TCP,
      balancers: [{ ...haproxy({ resolvesOnce: true }), told: 'told' }],
      can: COUNTED,
      stop: KILLS,
    },
    'told-by-runtime-socket',
    'zero downtime: `haproxy` is told the new address; the old one stops after its last connection',
  ],
  [
    'told, but it keeps connections',
    {
      ...TCP,
      balancers: [{ ...haproxy({ keepsConnections: true }), told: 'told' }],
      can: COUNTED,
      server: PUMA,
    },
    'kept-connections',
    'unproven: connections that `haproxy` keeps to it must end within 30 s; surer: `option http-server-close` in `haproxy`',
  ],
  [
    'a haproxy that cannot be told',
    { ...TCP, balancers: [{ ...haproxy({ resolvesOnce: true }), told: { why: 'has no `stats socket`' } }] },
    'resolved-once',
    'gap until `haproxy` is started again, at the latest: `haproxy` looked its name up once and goes on using the old address; avoid: `stats socket PATH level admin` in a data volume of `haproxy` (it has no `stats socket`)',
  ],
  [
    'one of two haproxys that cannot be told',
    {
      ...TCP,
      balancers: [
        { ...haproxy({ resolvesOnce: true }), told: 'told' },
        { ...haproxy({ resolvesOnce: true }), name: 'front', told: { why: 'has no `stats socket`' } },
      ],
      can: COUNTED,
    },
    'resolved-once',
    'gap until `front` is started again, at the latest: `front` looked its name up once and goes on using the old address; avoid: `stats socket PATH level admin` in a data volume of `front` (it has no `stats socket`)',
  ],
  [
    'stop-first, taken out of haproxy',
    {
      ...TCP,
      order: 'stop-first',
      balancers: [{ ...haproxy({ resolvesOnce: true, triesAnother: false }), told: 'told' }],
      can: { ...COUNTED, takeAway: true, awaitUp: true },
    },
    'taken-out',
    'zero downtime: `haproxy` sends it nothing new, 3 of 4 go on, it stops after its last connection',
  ],
  [
    'removed, and told so',
    {
      ...TCP,
      action: 'remove',
      instances: { now: 4, after: 3 },
      balancers: [{ ...haproxy({ triesAnother: false }), told: 'told' }],
      can: COUNTED,
    },
    'removed-told',
    'zero downtime: `haproxy` sends it nothing new, 3 of 4 go on, it stops after its last connection',
  ],
  ['nobody connects', TCP, 'nobody-connects', 'zero downtime: nobody in the stack connects to it'],
  [
    'TCP, forced',
    { ...TCP, clients: [client()], ...FORCED },
    'forced',
    'gap of an instant: its last stop had to be forced: requests under way were cut off; avoid: a longer `stop_timeout`',
  ],
  [
    'TCP, killed',
    { ...TCP, clients: [client()], stop: KILLS },
    'killed',
    'gap of an instant: TERM ends unicorn at once: requests under way are cut off; avoid: `stop_signal: QUIT`',
  ],
  [
    'TCP, behind a shell',
    { ...TCP, clients: [client()], stop: { ...KILLS, effect: 'ignored' } },
    'killed',
    'gap of an instant: a shell runs it and passes no TERM on: requests under way are cut off; avoid: `exec` before the program, in its command',
  ],
  [
    'TCP, without time',
    { ...TCP, clients: [client()], stop: { ...SWAP.stop, timeoutMs: 0 } },
    'killed',
    'gap of an instant: `stop_timeout: 0` kills it: requests under way are cut off; avoid: a longer `stop_timeout`',
  ],
  [
    'TCP, too short a time',
    { ...TCP, clients: [client()], ...LONG },
    'stop-timeout-too-short',
    'gap of an instant: requests of 90 s are cut off after `stop_timeout`, 30 s; avoid: `stop_timeout: 90`',
  ],
  [
    'TCP, kept connections',
    { ...TCP, server: PUMA, balancers: [haproxy({ keepsConnections: true })] },
    'tcp-kept-connections',
    'gap of an instant: `haproxy` keeps connections to it open, and the old one ends them when it stops; avoid: a `socket`, and no kept connections to servers',
  ],
  [
    'TCP, adopted',
    { ...TCP, clients: [client()], adopted: { name: 'app0', networks: ['bridge'], movesTo: null } },
    'adopted-left-behind',
    'gap until whoever uses it is replaced as well: whoever reaches it as `app0` over `bridge` is not led to the new one; avoid: a `socket` for `app`, which is found by its path',
  ],
  [
    'TCP, linked',
    { ...TCP, clients: [client()], balancers: [haproxy()] },
    'tcp-uncounted',
    'unproven: `web` and `haproxy` must look the name up at each connect, and retry a refused one; write `port`, so that it drains',
  ],
  [
    'TCP, linked, killed and counted',
    { ...TCP, clients: [client()], stop: KILLS, can: COUNTED },
    'tcp-followed',
    'unproven: `web` must look the name up at each connect, again where it is not found',
  ],
  [
    'TCP, linked, counted, and it keeps connections',
    { ...TCP, clients: [client()], server: PUMA, can: COUNTED },
    'tcp-followed',
    'unproven: `web` must look the name up at each connect, again where it is not found, and end each connection within 30 s',
  ],
  [
    'TCP, counted, for too short a time',
    { ...TCP, clients: [client()], ...LONG, can: COUNTED },
    'stop-timeout-too-short',
    'gap of an instant: requests of 90 s are cut off after 60 s; avoid: `drain_timeout: 90`',
  ],
  [
    'scaled down by two that may be gone at once',
    { ...REMOVED, gone: 2 },
    'gone-together',
    'unproven: with 2 gone at once, `haproxy` must come upon one that is there; surer: one less at a time, or checks that see it within 10 s',
  ],
  [
    'scaled down by two, the first of which is seen before the second goes',
    { ...REMOVED, gone: 2, can: { ...CAN, awaitGone: true } },
    'removed',
    'zero downtime: its path is taken away, 2 of 4 go on, it stops after its last connection',
  ],
  [
    'scaled down by two, and tries that go to and fro',
    { ...REMOVED, gone: 2, balancers: [haproxy({ likelyWithout: 1 })] },
    'more-gone-than-tried',
    'gap of at most 600 ms until the checks of `haproxy` see it: up to 2 are gone at once, and `haproxy` tries no others than those; avoid: one less at a time, or checks that see it within 10 s',
  ],
  [
    'scaled down by one, and nobody sees that another has been gone for long',
    { ...REMOVED, instances: { now: 3, after: 2 }, balancers: [haproxy({ downAfterMs: null })] },
    'gone-together',
    'unproven: with 2 gone at once, `haproxy` must come upon one that is there; surer: one less at a time, or checks that see it within 10 s',
  ],
  [
    'scaled down by two behind an nginx that tries two',
    { ...REMOVED, gone: 2, balancers: [nginx({ sureWithout: 1, likelyWithout: null })] },
    'gone-together',
    'unproven: with 2 gone at once, `nginx` must come upon one that is there; surer: `proxy_next_upstream_tries 0` in `nginx`',
  ],
  [
    'scaled down by two behind an nginx that tries them all',
    {
      ...REMOVED,
      gone: 2,
      balancers: [nginx({ sureWithout: null, likelyWithout: null, downAfterMs: null })],
    },
    'removed',
    'zero downtime: its path is taken away, 2 of 4 go on, it stops after its last connection',
  ],
  [
    'scaled down, and a hash leads to the one that is gone',
    { ...REMOVED, balancers: [haproxy({ triesAnother: false, picksSame: true })] },
    'no-second-try',
    'gap of at most 600 ms until the checks of `haproxy` see it: `haproxy` gives up when a connect fails, and tries no other instance; avoid: `hash-type consistent` in `haproxy`, with `option redispatch 1`',
  ],
  [
    'two of four taken away at once',
    { ...TAKEN, batch: 2, gone: 2 },
    'gone-together',
    'unproven: with 2 gone at once, `haproxy` must come upon one that is there; surer: `batch: 1`',
  ],
  [
    'two of four taken away at once, and tries that go to and fro',
    { ...TAKEN, batch: 2, gone: 2, balancers: [haproxy({ likelyWithout: 1 })] },
    'more-gone-than-tried',
    'gap of at most 600 ms until the checks of `haproxy` see it: up to 2 are gone at once, and `haproxy` tries no others than those; avoid: `batch: 1`',
  ],
  [
    'connections that the last drain left, and a signal that kills',
    { ...SWAP, stop: KILLS, lastStop: { forced: false, open: 3 }, inFlightMs: 30_100 },
    'left-open',
    'gap of an instant: its last stop cut off 3 connections that were open for longer than `drain_timeout`; avoid: a longer `drain_timeout`',
  ],
  [
    'a connection that the last drain left to a signal of which nothing is known',
    { ...SWAP, stop: { ...SWAP.stop, effect: 'unknown' }, lastStop: { forced: false, open: 1 } },
    'left-open',
    'gap of an instant: its last stop cut off 1 connection that was open for longer than `drain_timeout`; avoid: a longer `drain_timeout`',
  ],
  [
    'connections that the last drain left to a kill, which may have been web sockets',
    {
      ...SWAP,
      server: PUMA,
      balancers: [haproxy({ upgrades: true })],
      lastStop: { forced: true, open: 3 },
      inFlightMs: 90_000,
    },
    'upgraded-perhaps',
    'unproven: the 3 connections that its last drain left open must have been upgraded (web sockets), with clients that connect again',
  ],
  [
    'a connection that the last drain left, which may have been a web socket',
    { ...SWAP, stop: KILLS, balancers: [haproxy({ upgrades: true })], lastStop: { forced: false, open: 1 } },
    'upgraded-perhaps',
    'unproven: the connection that its last drain left open must have been upgraded (web sockets), with clients that connect again',
  ],
  [
    'connections that the last drain left to a graceful stop',
    { ...SWAP, lastStop: { forced: false, open: 3 } },
    'left-open-perhaps',
    'unproven: its stop must let all end that its drain leaves open, 3 connections the last time; surer: a longer `drain_timeout`',
  ],
  [
    'a port that the haproxy which is told has not',
    {
      ...TCP,
      network: { ...TCP.network, port: 4000, portBefore: 3000 },
      balancers: [{ ...haproxy({ resolvesOnce: true, ports: [3000] }), told: 'told' }],
      can: COUNTED,
    },
    'port-changes',
    'gap until `haproxy` has the new port in the configuration: `haproxy` goes on sending to port 3000, where `app0` no longer listens; avoid: listen on both for one deploy and change the port in `haproxy`, or a `socket`',
  ],
  [
    'a port that the haproxy has already',
    {
      ...TCP,
      network: { ...TCP.network, port: 4000, portBefore: 3000 },
      balancers: [{ ...haproxy({ resolvesOnce: true, ports: [4000] }), told: 'told' }],
      can: COUNTED,
    },
    'told-by-runtime-socket',
    'zero downtime: `haproxy` is told the new address; the old one stops after its last connection',
  ],
  [
    'a port other than the one of haproxy, and nobody knows the one before',
    {
      ...TCP,
      network: { ...TCP.network, port: 4000, portBefore: null },
      balancers: [{ ...haproxy({ resolvesOnce: true, ports: [3000] }), told: 'told' }],
      can: COUNTED,
    },
    'port-changes-perhaps',
    'unproven: `app` must listen on port 3000 too: `haproxy` goes on sending there',
  ],
  [
    'a port that is asked alone, beside the one of haproxy',
    {
      ...TCP,
      network: { ...TCP.network, port: 9000, portBefore: 9000 },
      balancers: [{ ...haproxy({ resolvesOnce: true, ports: [3000] }), told: 'told' }],
      can: COUNTED,
    },
    'told-by-runtime-socket',
    'zero downtime: `haproxy` is told the new address; the old one stops after its last connection',
  ],
  [
    "on somebody else's network",
    { ...TCP, network: OUTSIDE, can: COUNTED },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must look its name up at each connect and try again',
  ],
  [
    'found by a proxy, and killed',
    { ...FOUND, stop: KILLS },
    'led-to-another',
    'unproven: whoever reaches it over `proxy` must watch the engine for starts and try another server when refused',
  ],
  [
    'found by a proxy, and it keeps connections',
    { ...FOUND, server: PUMA },
    'led-to-another',
    'unproven: whoever reaches it over `proxy` must watch the engine for starts, try another server when refused, and end each within 30 s',
  ],
  [
    'found by a proxy, one of four that stops first',
    { ...FOUND, order: 'stop-first', rolled: 1, can: { ...FOUND.can, takeAway: true } },
    'led-to-another',
    'unproven: whoever reaches it over `proxy` must watch the engine for starts and try another server when refused',
  ],
  [
    'found by a proxy, alone, and stops first',
    { ...FOUND, order: 'stop-first', instances: { now: 1, after: 1 }, can: CAN },
    'alone',
    'gap of about 2.1 s, as measured at the last apply: it is the only one, and stops before its successor starts; avoid: a `socket` of its own for each generation',
  ],
  [
    'found by a proxy, and called by its name as well',
    { ...FOUND, clients: [client()] },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must look its name up at each connect and try again',
  ],
  [
    'found by a proxy, and scaled down',
    { ...FOUND, action: 'remove', instances: { now: 4, after: 2 } },
    'led-to-another',
    'unproven: whoever reaches it over `proxy` must try another server when refused',
  ],
  [
    'found by a proxy on its own network',
    {
      ...TCP,
      found: { by: '`VIRTUAL_HOST`', lacks: 'a network of the proxy alone' },
      can: COUNTED,
    },
    'found-until-stopped',
    'gap of an instant: proxies that find it by `VIRTUAL_HOST` go on sending to it until it has stopped; avoid: a network of the proxy alone',
  ],
  [
    "on somebody else's network, and it keeps connections",
    { ...TCP, network: OUTSIDE, can: COUNTED, server: PUMA },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must look its name up at each connect and try again, and end each within 30 s',
  ],
  [
    "on somebody else's network, and its port is not known",
    { ...TCP, network: { ...OUTSIDE, port: null, portBefore: null } },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must look its name up at each connect and try again; write `port`, so that it drains',
  ],
  [
    "on somebody else's network, and killed",
    { ...TCP, network: OUTSIDE, stop: KILLS },
    'killed',
    'gap of an instant: TERM ends unicorn at once: requests under way are cut off; avoid: `stop_signal: QUIT`',
  ],
  [
    "on somebody else's network, and nothing says when it is ready",
    { ...TCP, network: OUTSIDE, gate: { kind: 'uptime', uptimeMs: 1000 } },
    'no-readiness',
    'unproven: `app` must serve within 1 s: nothing says when it is ready; write `health`',
  ],
  [
    "on somebody else's network, and told to a haproxy of the stack too",
    {
      ...TCP,
      network: OUTSIDE,
      balancers: [{ ...haproxy({ resolvesOnce: true }), told: 'told' }],
      can: COUNTED,
    },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must look its name up at each connect and try again',
  ],
  [
    "on somebody else's network, and removed",
    { ...TCP, network: OUTSIDE, action: 'remove', instances: { now: 4, after: 3 }, clients: [client()] },
    'removed-reached',
    'unproven: whoever reaches it over `proxy` must have turned to another instance before',
  ],
  [
    "on somebody else's network, removed, and told so",
    {
      ...TCP,
      network: OUTSIDE,
      action: 'remove',
      instances: { now: 4, after: 3 },
      balancers: [{ ...haproxy(), told: 'told' }],
      can: COUNTED,
    },
    'reached-from-outside',
    'unproven: whoever reaches it over `proxy` must have turned to another instance before',
  ],
  [
    "on somebody else's network for what it asks, and on a socket itself",
    { ...SWAP, network: { ...SWAP.network, joined: ['proxy'] } },
    'socket-swap',
    'zero downtime: socket swap: the path moves when the new one answers; the old one stops after its last connection',
  ],
  [
    "a worker on somebody else's network",
    { ...WORKER, network: { ...WORKER.network, joined: ['proxy'] } },
    'worker-quiet',
    'zero downtime: serves no requests; takes no new jobs after TSTP, has 30 s to finish those it has, then TERM',
  ],
];

test.each(cases)('%s', (_, facts, rule, line) => {
  const judged = judge(facts);
  expect(verdictWords(judged.verdict)).toBe(line);
  expect(judged.rule).toBe(rule);
});

test('every rule has its case, but the last, which only catches what nobody thought of', () => {
  const seen = new Set(cases.map(([, , rule]) => rule));
  expect(rules.map(({ id }) => id).filter((id) => !seen.has(id))).toEqual(['otherwise']);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});
