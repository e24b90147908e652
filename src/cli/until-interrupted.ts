import type { Interruption, Io } from './io.ts';

/** What work came to, or who interrupted it. */
export type Interrupted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'interrupted'; readonly by: Interruption };

/** Works until Ctrl-C or the like, which aborts the signal; whatever the work does then is passed over. Rejects as the work does. */
export async function untilInterrupted<T>(
  io: Pick<Io, 'onSignal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Interrupted<T>> {
  const stop = new AbortController();
  let by: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    by = signal;
    stop.abort();
  });
  const interrupted = (): Interruption | null => by;
  try {
    const value = await work(stop.signal);
    const first = interrupted();
    return first === null ? { kind: 'done', value } : { kind: 'interrupted', by: first };
  } catch (error) {
    const first = interrupted();
    if (first === null) throw error;
    return { kind: 'interrupted', by: first };
  } finally {
    stop.abort();
    letGo();
  }
}
