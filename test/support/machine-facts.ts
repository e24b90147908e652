import type { EngineFacts, MachineFacts, RunningEngine } from '../../src/compiler/setup/machine-facts.ts';

/** A bare Debian; `over` says what is otherwise. */
export function bareMachine(over: Partial<MachineFacts> = {}): MachineFacts {
  return {
    user: 'deploy',
    rights: 'sudo',
    mayUseEngine: false,
    system: {
      id: 'debian',
      codename: 'bookworm',
      name: 'Debian GNU/Linux 12 (bookworm)',
      architecture: 'amd64',
      services: 'systemd',
      cgroups: true,
      freeBytes: 20_000_000_000,
    },
    packages: { hasApt: true, interrupted: false, lockedBy: null, candidate: null, knowsDockers: false },
    engine: null,
    flags: '',
    settings: null,
    ...over,
  };
}

/** An engine of the distribution that runs, and has the agent's image. */
export function runningEngine(
  over: Partial<RunningEngine> = {},
  engine: Partial<EngineFacts> = {},
): EngineFacts {
  return {
    source: 'docker.io',
    version: '20.10.24',
    hasClient: true,
    startsAtBoot: true,
    hasProcess: true,
    swarm: false,
    running: {
      version: '20.10.24',
      containers: 0,
      liveRestore: true,
      awaitsRestart: false,
      hasAgentImage: true,
      ...over,
    },
    ...engine,
  };
}

/** The settings that a machine has been given. */
export const GOOD_SETTINGS = `{
  "log-driver": "json-file",
  "log-opts": {
    "max-size": "10m",
    "max-file": "7"
  },
  "live-restore": true
}
`;
