/** What a probe asks. Addresses are host names on the stack's networks or loopback, never bridge addresses. */
export type ProbeTarget =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** One question; `http` wants a complete answer, `connect` only an accepted connection. */
export interface ProbeRequest {
  readonly target: ProbeTarget;
  readonly ask: { readonly kind: 'http'; readonly path: string } | { readonly kind: 'connect' };
  readonly timeoutMs: number;
}

/** `status` is null for `connect`. `error` is for people: `ECONNREFUSED`, `timed out after 2 s`. */
export type ProbeResult =
  | { readonly ok: true; readonly status: number | null; readonly ms: number }
  | { readonly ok: false; readonly error: string };

/**
 * A conversation with one agent over the engine's exec API: line-delimited JSON, one answer a request,
 * any number under way. Rejects with {@link AgentError} when the agent refuses or the session is gone.
 */
export interface AgentSession {
  probe(request: ProbeRequest): Promise<ProbeResult>;
  /** Atomically makes `directory/link` a relative symlink to `to`, and fsyncs the directory. */
  publish(directory: string, link: string, to: string): Promise<void>;
  /** Removes `directory/name`; succeeds when it is gone. Refuses what is neither a socket nor a symlink. */
  unlink(directory: string, name: string): Promise<void>;
  close(): void;
}

/** Opens sessions; the executor asks for one only when an operation needs it, once per plane. */
export interface AgentConnector {
  open(containerName: string): Promise<AgentSession>;
}

/** The agent's refusal or loss, in words for people. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}
