import type { Clock } from '../clock.ts';
import type { Message } from './message.ts';
import { whyUnreached } from './why-unreached.ts';

const TRY_MS = 5000;
/** Before the second and the third try. */
const PAUSES_MS = [1000, 3000];

/**
 * Sends a message, three times at most, each try 5 s, 1 s and 3 s apart. Resolves to null, or to why it did not arrive, in
 * words that repeat neither the address nor what was sent. An answer of 4xx other than 408 and 429 is final.
 */
export function deliver(
  { url, headers, body }: Message,
  clock: Clock,
  stop: AbortSignal,
): Promise<string | null> {
  return ask(url, { method: 'POST', headers, body }, clock, stop);
}

/** Asks for an address, as often and for as long as {@link deliver} does, with what that resolves to. */
export function knock(url: string, clock: Clock, stop: AbortSignal): Promise<string | null> {
  return ask(url, { method: 'GET' }, clock, stop);
}

async function ask(url: string, how: RequestInit, clock: Clock, stop: AbortSignal): Promise<string | null> {
  for (let tries = 0; ; tries += 1) {
    const { why, isFinal } = await attempt(url, how, stop);
    if (stop.aborted && why !== null) return 'interrupted';
    const pauseMs = PAUSES_MS[tries];
    if (why === null || isFinal || pauseMs === undefined) return why;
    await clock.sleep(pauseMs, stop).catch(() => undefined);
  }
}

async function attempt(
  url: string,
  how: RequestInit,
  stop: AbortSignal,
): Promise<{ readonly why: string | null; readonly isFinal: boolean }> {
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(TRY_MS), stop]);
    // Another address might be told what is meant for this one.
    const answer = await fetch(url, { ...how, signal, redirect: 'manual' });
    await answer.body?.cancel();
    const { status, ok } = answer;
    const mayChange = status >= 500 || status === 408 || status === 429;
    return { why: ok ? null : `it answered ${status}`, isFinal: !mayChange };
  } catch (error) {
    return { why: whyUnreached(error, TRY_MS), isFinal: false };
  }
}
