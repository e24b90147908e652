import type { AgentSession } from '../../src/runtime/agent/agent-session.ts';

/** An agent that does nothing of what it is asked; a test says what it does. */
export function agentSession(does: Partial<AgentSession> = {}): AgentSession {
  const refuse = () => Promise.reject(new Error('not asked'));
  return {
    probe: refuse,
    publish: refuse,
    hold: refuse,
    journal: refuse,
    lease: refuse,
    free: refuse,
    holder: refuse,
    unlock: refuse,
    revision: refuse,
    arrivals: refuse,
    portArrivals: refuse,
    keep: refuse,
    restore: refuse,
    unlink: refuse,
    drain: refuse,
    drainPorts: refuse,
    listeners: refuse,
    host: refuse,
    point: refuse,
    leave: refuse,
    cronRun: refuse,
    cronPause: refuse,
    cronResume: refuse,
    close: () => undefined,
    ...does,
  };
}
