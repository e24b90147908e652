/**
 * What the stack's agents are created from; its canonical JSON is their label, so that a difference is a
 * planned replacement. Two planes: `stack` sits on the application networks and mounts the socket volumes;
 * `host` shares the host's network, for gates of containers that do (a bridge cannot reach its loopback).
 */
export interface AgentSpec {
  readonly version: 3;
  readonly plane: 'stack' | 'host';
  readonly name: string;
  readonly image: string;
  /** Base networks to join, sorted; the first at create. */
  readonly networks: readonly string[];
  /** Volumes mounted at `/stackc/v/<volume>`, sorted. */
  readonly volumes: readonly string[];
}

/** Where the agent sees a volume. */
export function agentVolumePath(volume: string, path: string): string {
  return path === '' ? `/stackc/v/${volume}` : `/stackc/v/${volume}/${path}`;
}
