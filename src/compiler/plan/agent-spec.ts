/**
 * What the stack's agents are created from; its canonical JSON is their label, so that a difference is a
 * planned replacement. Each mounts the stack's journal. Three planes: `stack` sits on the application networks and mounts the socket volumes;
 * `host` shares the host's network, for gates of containers that do (a bridge cannot reach its loopback); `engine` has the
 * engine's socket, runs jobs (ADR 0022), heals (ADR 0023), scales (ADR 0024), for which it mounts the volumes with the sockets
 * that haproxys tell their sessions at, and serves metrics (ADR 0025).
 */
export interface AgentSpec {
  readonly version: 4;
  readonly plane: 'stack' | 'host' | 'engine';
  readonly name: string;
  readonly image: string;
  /** Base networks to join, sorted; the first at create. */
  readonly networks: readonly string[];
  /** Volumes mounted at `/stackc/v/<volume>`, sorted. */
  readonly volumes: readonly string[];
  /** Of the plane `engine`: where the engine's host has its socket. */
  readonly engineSocket?: string;
  /** Of the plane `engine`, where it serves metrics (ADR 0025). */
  readonly metrics?: AgentMetrics;
}

/** All planes, in the order in which agents are made. */
export const PLANES: readonly AgentSpec['plane'][] = ['stack', 'host', 'engine'];

/** Where an agent serves metrics on the engine's host; at least one of the two is not null. */
export interface AgentMetrics {
  readonly socket: string | null;
  /** Of the loopback. */
  readonly port: number | null;
}

/** Where the agent has the folder of the host in which its socket of metrics lies, and the port in its own network. */
export const METRICS_FOLDER = '/metrics';
export const METRICS_PORT = 9464;

/** Docker's own place of the engine's socket, and where containers of ours have it. */
export const ENGINE_SOCKET = '/var/run/docker.sock';

/** Where the agent sees the stack's journal: the folder, and the file in it. */
export const JOURNAL_FOLDER = '/stackc/journal';
export const JOURNAL_FILE = `${JOURNAL_FOLDER}/journal.jsonl`;

/** Where the agent sees a volume. */
export function agentVolumePath(volume: string, path: string): string {
  return path === '' ? `/stackc/v/${volume}` : `/stackc/v/${volume}/${path}`;
}
