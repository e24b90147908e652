import { listings, type VerdictFacts } from './facts.ts';
import type { GapLength } from './verdict.ts';

const MEASURED = 'as measured at the last apply';

/**
 * What cannot connect tries again a second later, and so finds its server half a second late on average: the client's
 * kernel where a port is published before its container's network is up (RFC 6298), haproxy where no other server is up.
 */
const CONNECT_AGAIN_MS = 500;

/** Requests under way are cut off, and nothing more. */
export const INSTANT: GapLength = { kind: 'instant' };

/** A gap that ends when somebody does something. */
export function lasting(until: string): GapLength {
  return { kind: 'lasting', until };
}

/** As long as a balancer's checks take to see a change. */
export function untilChecked(ms: number, names: string): GapLength {
  const what = `until the checks of ${names} see it`;
  return { kind: 'at-most', ms, parts: [{ ms, what }], measured: false };
}

/** A length that was measured, whole or in parts. */
export function measured(ms: number): GapLength {
  return { kind: 'about', ms, by: MEASURED };
}

/** From its stop until its successor is ready, and found. */
export function absence(facts: VerdictFacts): GapLength {
  const length = untilServing(facts);
  return length.kind === 'about' ? measured(length.ms + untilFoundMs(facts, length.ms)) : length;
}

function untilServing(facts: VerdictFacts): GapLength {
  const { gate, measured: times } = facts;
  if (times.awayMs !== null && gate.kind !== 'uptime') return measured(times.awayMs);
  return times.stopMs === null
    ? sum(facts, [{ ms: facts.stop.timeoutMs, what: 'to stop', isMeasured: false }, start(facts)])
    : sum(facts, [{ ms: times.stopMs, what: 'to stop', isMeasured: true }, start(facts)]);
}

/** What was gone for so long serves again, and has to be found. */
function untilFoundMs(facts: VerdictFacts, awayMs: number): number {
  const byBalancers = listings(facts).map(({ program, view }) => {
    if (view.downAfterMs !== null && view.downAfterMs < awayMs) return view.upAfterMs ?? 0;
    return program === 'haproxy' ? CONNECT_AGAIN_MS : 0;
  });
  return Math.max(0, ...byBalancers, facts.hostPorts.length > 0 ? CONNECT_AGAIN_MS : 0);
}

/** From its start until it is ready. */
export function untilReady(facts: VerdictFacts): GapLength {
  return sum(facts, [start(facts)]);
}

/** From the stop to the next readiness; null unless both were measured. */
export function absenceMs(facts: VerdictFacts): number | null {
  const length = untilServing(facts);
  return length.kind === 'about' ? length.ms : null;
}

/** How long what comes is held: it drains, stops and starts meanwhile. Null unless all were measured. */
export function heldMs(facts: VerdictFacts): number | null {
  const away = absenceMs(facts);
  const { heldMs: whole, drainMs } = facts.measured;
  if (whole !== null) return whole;
  return away === null || drainMs === null ? null : drainMs + away;
}

/** The same, in words: its drain too where it is known. */
export function held(facts: VerdictFacts): GapLength {
  const ms = heldMs(facts);
  return ms === null ? absence(facts) : measured(ms);
}

interface Part {
  readonly ms: number;
  readonly what: string;
  readonly isMeasured: boolean;
}

/** What merely must stay up for a while serves somewhen in it, as the file says; no measure tells when. */
function start({ gate, measured: { startMs } }: VerdictFacts): Part {
  if (gate.kind === 'uptime')
    return { ms: gate.uptimeMs, what: 'of `startup_time`, if it serves by then', isMeasured: false };
  return startMs === null
    ? { ms: gate.limitMs, what: 'to be ready', isMeasured: false }
    : { ms: startMs, what: 'to be ready', isMeasured: true };
}

function sum({ gate, measured: { isPossible } }: VerdictFacts, parts: readonly Part[]): GapLength {
  const ms = parts.reduce((total, part) => total + part.ms, 0);
  if (parts.every(({ isMeasured }) => isMeasured)) return measured(ms);
  return {
    kind: 'at-most',
    ms,
    parts: parts.filter((part) => part.ms > 0).map((part) => ({ ms: part.ms, what: part.what })),
    measured: isPossible && gate.kind !== 'uptime',
  };
}
