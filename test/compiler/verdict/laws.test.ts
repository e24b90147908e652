import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { FrontView } from '../../../src/compiler/balancer/front.ts';
import type { BalancerView } from '../../../src/compiler/balancer/view.ts';
import {
  isTold,
  listings,
  sharesPort,
  takesConnections,
  type VerdictFacts,
} from '../../../src/compiler/verdict/facts.ts';
import { judge } from '../../../src/compiler/verdict/judge.ts';
import { verdictWords } from '../../../src/compiler/verdict/words.ts';
import { KILLS, SWAP } from './facts.ts';

const perhaps = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const ms = fc.constantFrom(0, 1, 250, 999, 2000, 30_000, 60_000, 90_000);
const few = fc.integer({ min: 0, max: 5 });

const view: fc.Arbitrary<BalancerView> = fc.record({
  mode: fc.constantFrom('http', 'tcp'),
  keepsConnections: fc.boolean(),
  triesAnother: fc.boolean(),
  picksSame: fc.boolean(),
  sureWithout: fc.constantFrom(0, 1, 3, null),
  likelyWithout: fc.constantFrom(0, 1, 3, null),
  ports: fc.constantFrom([], [3000], [4000]),
  resolvesOnce: fc.boolean(),
  serverTimeoutMs: perhaps(ms),
  silenceMs: perhaps(ms),
  upgrades: fc.boolean(),
  downAfterMs: perhaps(ms),
  upAfterMs: perhaps(ms),
  rise: few,
  silentAfterMs: perhaps(ms),
  others: few,
});

const front: fc.Arbitrary<FrontView> = fc.record({
  sharesPorts: fc.boolean(),
  datagrams: fc.boolean(),
  closesBehindAnswers: fc.boolean(),
  idleMs: perhaps(ms),
  passesBytes: fc.boolean(),
  upgrades: fc.boolean(),
  requestMs: perhaps(ms),
  cutsAfterMs: perhaps(ms),
});

/** Combinations that no stack has are among them: none may be without a verdict. */
const facts: fc.Arbitrary<VerdictFacts> = fc.record({
  container: fc.constant('app'),
  instance: fc.constant('app0'),
  action: fc.constantFrom(
    'create',
    'start',
    'update',
    'reload',
    'replace',
    'replace',
    'replace',
    'remove',
    'remove',
  ),
  order: fc.constantFrom('start-first', 'stop-first'),
  runs: fc.constantFrom(true, true, false),
  instances: fc.record({ now: few, after: few }),
  batch: fc.integer({ min: 1, max: 5 }),
  rolled: few,
  gone: fc.integer({ min: 1, max: 5 }),
  successor: fc.constantFrom(null, 'web0'),
  server: fc.record({
    kind: fc.constantFrom(
      'unicorn',
      'puma',
      'gunicorn',
      'node',
      'php-fpm',
      'nginx',
      'sidekiq',
      'shell',
      'unknown',
    ),
    program: fc.constantFrom('serve', null),
    keepsAlive: fc.constantFrom(true, false, null),
  }),
  socket: fc.record({
    kind: fc.constantFrom('none', 'movable', 'fixed'),
    own: fc.boolean(),
    elsewhere: fc.boolean(),
  }),
  gate: fc.oneof(
    fc.record({ kind: fc.constantFrom('http', 'command', 'healthcheck', 'tcp'), limitMs: ms }),
    fc.record({ kind: fc.constant('uptime'), uptimeMs: ms }),
  ),
  hostPorts: fc.constantFrom([], [], [80], [80, 443]),
  hostPortMoves: fc.constantFrom(null, null, { from: 80, to: null }, { from: 80, to: 8080 }),
  network: fc.record({
    host: fc.constantFrom(false, false, true),
    port: fc.constantFrom(null, 3000),
    portBefore: fc.constantFrom(null, 3000, 4000),
    joined: fc.constantFrom([], [], ['proxy']),
  }),
  sharing: perhaps(
    fc.record({
      program: fc.constantFrom('haproxy', 'nginx', null),
      front: fc.oneof(
        fc.record({ kind: fc.constant('read'), view: front }),
        fc.record({ kind: fc.constant('unread'), why: fc.constant('it is not there') }),
        fc.record({ kind: fc.constant('none') }),
      ),
      nextShares: fc.constantFrom(true, false, null),
      migrates: fc.constantFrom(true, false, null),
      sameUser: fc.boolean(),
      takesOver: fc.boolean(),
    }),
  ),
  clients: fc.array(
    fc.record({
      name: fc.constant('web'),
      program: fc.constant(null),
      resolvesOnce: fc.constantFrom(true, false, null),
      held: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  balancers: fc.array(
    fc.record({
      name: fc.constant('front'),
      program: fc.constantFrom('haproxy', 'nginx'),
      version: fc.constant(null),
      held: fc.boolean(),
      config: fc.oneof(
        fc.record({ kind: fc.constant('read'), view: perhaps(view), listed: few }),
        fc.record({ kind: fc.constant('unread'), why: fc.constant('it is not there') }),
      ),
      told: fc.constantFrom('told' as const, null, { why: 'has no `stats socket`' }),
    }),
    { maxLength: 2 },
  ),
  database: fc.constantFrom(null, null, 'postgres'),
  singleWriter: fc.constantFrom(null, null, 'the data volume `pg`'),
  stop: fc.record({
    signal: fc.constantFrom('SIGTERM', 'SIGKILL', null),
    effect: fc.constantFrom('finishes', 'kills', 'ignored', 'unknown'),
    quietSignal: fc.constantFrom('SIGTSTP', null),
    timeoutMs: ms,
  }),
  drainMs: ms,
  lastStop: perhaps(fc.record({ forced: fc.boolean(), open: perhaps(few) })),
  inFlightMs: perhaps(ms),
  measured: fc.record({
    startMs: perhaps(ms),
    stopMs: perhaps(ms),
    awayMs: perhaps(ms),
    heldMs: perhaps(ms),
    drainMs: perhaps(ms),
    isPossible: fc.boolean(),
  }),
  sharedFiles: fc.array(fc.record({ path: fc.constant('/s/x'), kind: fc.constantFrom('pid', 'socket') }), {
    maxLength: 1,
  }),
  reload: perhaps(
    fc.record({
      signal: fc.constant('SIGHUP'),
      checked: fc.boolean(),
      closesIdle: fc.boolean(),
      forgets: fc.subarray(['app']),
    }),
  ),
  dependents: fc.array(
    fc.record({ name: fc.constant('side'), by: fc.constantFrom('volume', 'network'), held: fc.boolean() }),
    { maxLength: 1 },
  ),
  found: fc.constantFrom(
    null,
    null,
    { by: '`VIRTUAL_HOST`', lacks: null },
    { by: "Traefik's labels", lacks: '`port`' },
  ),
  adopted: fc.option(
    fc.record({
      name: fc.constant('old-app0'),
      networks: fc.subarray(['bridge', 'proj_default']),
      movesTo: fc.constantFrom(null, 'shop'),
    }),
  ),
  can: fc.record({
    takeAway: fc.boolean(),
    hold: fc.boolean(),
    drainPorts: fc.boolean(),
    refuse: fc.boolean(),
    overlap: fc.boolean(),
    awaitUp: fc.boolean(),
    awaitGone: fc.boolean(),
  }),
});

function law(holds: (facts: VerdictFacts, kind: string, judged: ReturnType<typeof judge>) => void): void {
  fc.assert(
    fc.property(facts, (given) => {
      const judged = judge(given);
      holds(given, judged.verdict.kind, judged);
    }),
    { numRuns: 5000 },
  );
}

test('each combination has a verdict of a rule made for it, in whole words', () => {
  law((given, _, { rule, verdict, capacity, touches }) => {
    expect(rule).not.toBe('otherwise');
    const texts = [verdictWords(verdict), ...touches];
    for (const text of texts) expect(text).not.toMatch(/undefined|null|NaN|Infinity|``| {2}|\.$/);
    if (verdict.kind === 'gap' && (verdict.length.kind === 'about' || verdict.length.kind === 'at-most')) {
      expect(verdict.length.ms).toBeGreaterThanOrEqual(0);
      expect(verdict.length.ms).toBeLessThan(1e9);
    }
    if (capacity !== null) {
      expect(capacity.lowest).toBeGreaterThanOrEqual(0);
      expect(capacity.lowest).toBeLessThanOrEqual(capacity.of);
    }
    expect(capacity === null).toBe(!takesConnections(given));
  });
});

test('each part of a verdict is short enough to be read', () => {
  law((_given, _kind, { verdict }) => {
    const parts =
      verdict.kind === 'gap'
        ? [verdict.reason, verdict.avoid]
        : [verdict.kind === 'unproven' ? verdict.must : verdict.mechanism];
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(125);
  });
});

const takesAway = ({ action, runs }: VerdictFacts) => runs && (action === 'replace' || action === 'remove');

test('a published port that is replaced or removed is a gap', () => {
  law((given, kind) => {
    if (takesAway(given) && given.hostPorts.length > 0 && given.server.kind !== 'sidekiq')
      expect(kind).toBe('gap');
  });
});

test('more that are gone than a balancer tries are never zero downtime', () => {
  law((given, kind) => {
    const short = listings(given).some(
      ({ view: v }) =>
        v.sureWithout !== null &&
        given.gone > v.sureWithout &&
        !(given.can.awaitGone && v.downAfterMs !== null),
    );
    const gone = given.action === 'remove' || (given.order === 'stop-first' && !given.can.hold);
    if (takesAway(given) && gone && short && !isTold(given) && given.server.kind !== 'sidekiq')
      expect(kind).not.toBe('zero-downtime');
  });
});

test('what others may reach over their network is never zero downtime', () => {
  law((given, kind) => {
    const { socket, network } = given;
    const open = socket.kind === 'none' && network.joined.length > 0 && takesConnections(given);
    if (takesAway(given) && open && !sharesPort(given)) expect(kind).not.toBe('zero-downtime');
  });
});

test('connections that the last drain left to the stop are never zero downtime', () => {
  law((given, kind) => {
    const left = given.lastStop !== null && !given.lastStop.forced && (given.lastStop.open ?? 0) > 0;
    if (
      given.action === 'replace' &&
      given.runs &&
      left &&
      given.socket.kind !== 'none' &&
      takesConnections(given)
    )
      expect(kind).not.toBe('zero-downtime');
  });
});

const isShared = (given: VerdictFacts) => given.action === 'replace' && sharesPort(given);

test('kept connections on both sides are never zero downtime', () => {
  law((given, kind) => {
    const kept =
      given.server.keepsAlive === true && listings(given).some(({ view: v }) => v.keepsConnections);
    if (takesAway(given) && kept && !isShared(given) && given.server.kind !== 'sidekiq')
      expect(kind).not.toBe('zero-downtime');
  });
});

test('a balancer that gives up at the first connect is never left with a path that is gone', () => {
  law((given, kind) => {
    const stubborn = listings(given).some(({ view: v }) => !v.triesAnother);
    const gone = given.action === 'remove' || (given.order === 'stop-first' && !given.can.hold);
    // One that is told sends nothing there any more.
    const unknowing = stubborn && !isTold(given);
    if (takesAway(given) && unknowing && gone && !isShared(given) && given.server.kind !== 'sidekiq')
      expect(kind).toBe('gap');
  });
});

test('a port of the host is shared without loss only where all that it takes is known to hold', () => {
  law((given, kind, { rule }) => {
    if (takesAway(given) && isShared(given) && kind === 'zero-downtime' && given.server.kind !== 'sidekiq') {
      expect(rule).toBe('host-network-overlap');
      expect(given.stop.effect).toBe('finishes');
      expect(given.gate.kind).not.toBe('uptime');
      expect(given.sharing).toMatchObject({
        front: { view: { sharesPorts: true, closesBehindAnswers: true, datagrams: false } },
        nextShares: true,
        migrates: true,
        sameUser: true,
        takesOver: false,
      });
    } else expect(rule).not.toBe('host-network-overlap');
  });
});

test('what is not done is not claimed', () => {
  law((given, _, { rule }) => {
    if (!given.can.hold) expect(rule).not.toBe('held');
    if (!given.can.takeAway) expect(rule).not.toBe('taken-away');
    if (['told-by-runtime-socket', 'taken-out', 'removed-told'].includes(rule)) {
      expect(given.can.drainPorts).toBe(true);
      expect(given.balancers.some(({ told }) => told === 'told')).toBe(true);
    }
    if (rule === 'socket-swap') expect([given.socket.kind, given.order]).toEqual(['movable', 'start-first']);
  });
});

test('a swap that is drained does not care about the signal, the retries or the checks', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), ms, few, (kills, triesAnother, upAfterMs, others) => {
      const [balancer] = SWAP.balancers;
      if (balancer?.config.kind !== 'read' || balancer.config.view === null) throw new Error('no view');
      const config = {
        ...balancer.config,
        view: { ...balancer.config.view, triesAnother, upAfterMs, others },
      };
      const given = { ...SWAP, stop: kills ? KILLS : SWAP.stop, balancers: [{ ...balancer, config }] };
      expect(judge(given).rule).toBe('socket-swap');
    }),
  );
});
