import type { Interruption, Io } from './io.ts';

/** What work came to, or who interrupted it. */
export type Interrupted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'interrupted'; readonly by: Interruption };

/** Works until Ctrl-C or the like, which aborts the signal: nobody waits for what the work does then. Rejects as the work does. */
export async function untilInterrupted<T>(
  io: Pick<Io, 'onSignal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Interrupted<T>> {
  const stop = new AbortController();
  let letGo = (): void => undefined;
  const interrupted = new Promise<Interrupted<T>>((settle) => {
    letGo = io.onSignal((by) => settle({ kind: 'interrupted', by }));
  });
  const working = work(stop.signal).then((value): Interrupted<T> => ({ kind: 'done', value }));
  try {
    return await Promise.race([interrupted, working]);
  } finally {
    letGo();
    stop.abort();
    working.catch(() => undefined);
  }
}
