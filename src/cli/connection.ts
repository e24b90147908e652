import type { Engine } from '../runtime/engine.ts';

/** The flags that choose an engine. */
export interface EngineChoice {
  readonly context: string | null;
  readonly host: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An engine that has answered. */
export interface Connection {
  readonly engine: Engine;
  /** The host of an engine elsewhere; null for one on this machine. */
  readonly remoteHost: string | null;
  /** The path of its socket on its own host, as far as that is known: null for one that is reached in another way. */
  readonly socket?: string | null;
}
