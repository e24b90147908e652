import { describe, expect, it } from 'vitest';

import type { MachineFacts } from '../../../src/compiler/setup/machine-facts.ts';
import { planSetup, type SetupRequest } from '../../../src/compiler/setup/setup-plan.ts';
import { renderSetup } from '../../../src/cli/render/setup.ts';
import { bareMachine, GOOD_SETTINGS, runningEngine } from '../../support/machine-facts.ts';

const request: SetupRequest = {
  packages: 'distribution',
  restartEngine: false,
  agentImage: 'stackc/agent:1',
};

/** The plan as it is shown, without what the machine is. */
const planned = (facts: Partial<MachineFacts> = {}, asked: Partial<SetupRequest> = {}) => {
  const machine = bareMachine(facts);
  const plan = planSetup(machine, { ...request, ...asked });
  expect(plan.problems).toEqual([]);
  const text = renderSetup('ssh://web1', machine, plan, { color: false, width: 200 });
  return text
    .split('\n\n')
    .slice(1)
    .join('\n\n')
    .replace('Not touched: firewall, swap, upgrades of packages.\n', '');
};

const problems = (facts: Partial<MachineFacts>, asked: Partial<SetupRequest> = {}) => {
  const plan = planSetup(bareMachine(facts), { ...request, ...asked });
  expect(plan.steps).toEqual([]);
  return plan.problems;
};

const ready = { mayUseEngine: true, settings: GOOD_SETTINGS, engine: runningEngine() };
const { system, packages } = bareMachine();

describe('a bare machine', () => {
  it("gets its distribution's engine, with its settings before it starts for the first time", () => {
    expect(planned({ packages: { ...packages, candidate: '20.10.24+dfsg1-1' } })).toBe(
      `+ create   /etc/docker/daemon.json
    log-driver  not set → "json-file"
    log-opts.max-size  not set → "10m"
    log-opts.max-file  not set → "7"
    live-restore  not set → true
+ install  docker.io 20.10.24+dfsg1-1, and docker-cli where it is apart
+ start    the engine
+ enable   the engine at boot
+ join     deploy to the group docker, which is as good as root there
* build    the agent's image stackc/agent:1

Setup: 6 steps.
`,
    );
  });

  it("gets Docker's, when they are asked for, by Docker's repository", () => {
    expect(planned({ rights: 'root', mayUseEngine: true }, { packages: 'docker' })).toContain(
      `+ add      Docker's repository of packages for debian bookworm, with its key
+ install  docker-ce, docker-ce-cli, containerd.io, docker-buildx-plugin
+ start    the engine
+ enable   the engine at boot
* build    the agent's image stackc/agent:1
`,
    );
    const known = { packages: { ...packages, knowsDockers: true } };
    expect(planned(known, { packages: 'docker' })).not.toContain('repository');
  });

  it('has an installation finished first that was cut off, and says who is waited for', () => {
    const text = planned({ packages: { ...packages, interrupted: true, lockedBy: 'unattended-upgr' } });
    expect(text).toMatch(/^~ finish {3}the installation of packages that was cut off\n\+ create/);
    expect(text).toContain(
      '\n! the package manager is held by unattended-upgr: it is waited for, 10 min at most\n',
    );
  });
});

describe('a machine with an engine', () => {
  it('gets nothing when it is ready', () => {
    expect(planned(ready)).toBe('Nothing to do.\n');
  });

  it('keeps its engine, whoever made it', () => {
    const engine = runningEngine({ hasAgentImage: false }, { startsAtBoot: false });
    expect(planned({ ...ready, engine }, { packages: 'docker' })).toBe(
      `+ enable   the engine at boot
* build    the agent's image stackc/agent:1

! docker.io is there already and stays: \`--packages docker\` is for machines without an engine

Setup: 2 steps.
`,
    );
  });

  it('is not restarted while containers run, unless that is said; live-restore is loaded before', () => {
    const stopping = {
      ...ready,
      settings: null,
      engine: runningEngine({ containers: 3, liveRestore: false }),
    };
    expect(planned(stopping)).toMatch(
      /live-restore {2}not set → true\n↻ reload {3}the engine's settings; containers go on\n\n! new settings of logs count from the engine's next start on; `--restart-engine` restarts it now: 3 containers go on meanwhile\n/,
    );
    expect(planned(stopping, { restartEngine: true })).toMatch(
      /\n↻ reload .*\n± restart {2}the engine; 3 containers go on meanwhile\n\nSetup: 3 steps\./,
    );
  });

  it('says which containers stop in a swarm', () => {
    const engine = runningEngine({ containers: 1, liveRestore: false }, { swarm: true });
    const text = planned({ ...ready, settings: null, engine }, { restartEngine: true });
    expect(text).not.toContain('reload');
    expect(text).toContain('± restart  the engine; 1 container stops meanwhile\n');
    expect(text).toContain('! live-restore is left out: an engine of a swarm refuses it\n');
  });

  it('is restarted where no container runs, also for settings of an earlier run', () => {
    expect(planned({ ...ready, engine: runningEngine({ awaitsRestart: true }) })).toBe(
      '± restart  the engine; no container runs\n\nSetup: 1 step.\n',
    );
  });

  it('is not restarted where it runs and nobody could ask it, and takes its settings later', () => {
    const engine = runningEngine({}, { running: null, hasClient: false });
    const facts = { ...ready, settings: null, engine };
    expect(planned(facts, { restartEngine: true })).toMatch(
      /\n\+ install {2}docker-cli\n[^±↻]*\n! without `docker` the engine was not asked what it runs: the same command again/,
    );
    const { steps } = planSetup(bareMachine(facts), request);
    expect(steps).toContainEqual(expect.objectContaining({ kind: 'write settings', takesRestart: true }));
  });

  it('is said to restart with an installation that was cut off', () => {
    const cutOff = { packages: { ...packages, interrupted: true } };
    const note =
      '! where the engine is among what is finished it restarts, and 2 containers stop meanwhile\n';
    const stopping = runningEngine({ containers: 2, liveRestore: false });
    expect(planned({ ...ready, ...cutOff, engine: stopping })).toContain(note);
    expect(planned({ ...ready, ...cutOff, engine: runningEngine({ containers: 2 }) })).not.toContain('!');
  });

  it('gets no live-restore when it stands still and is in a swarm', () => {
    const engine = runningEngine({}, { running: null, hasProcess: false, swarm: true });
    const text = planned({ ...ready, settings: null, engine });
    expect(text).not.toContain('live-restore  not set');
    expect(text).toContain('! live-restore is left out');
  });

  it('is only reloaded where nothing but live-restore is missing', () => {
    const engine = runningEngine({ containers: 2, liveRestore: false });
    expect(planned({ ...ready, settings: '{"log-driver": "local"}', engine })).toBe(
      `~ update   /etc/docker/daemon.json
    live-restore  not set → true
↻ reload   the engine's settings; containers go on

Setup: 2 steps.
`,
    );
  });

  it('is started where it stands still, and gets the client that ssh goes through', () => {
    const engine = runningEngine({}, { running: null, hasProcess: false, hasClient: false });
    expect(planned({ ...ready, engine })).toBe(
      `+ install  docker-cli
+ start    the engine
* build    the agent's image stackc/agent:1

Setup: 3 steps.
`,
    );
    expect(planned({ ...ready, engine: { ...engine, source: 'docker-ce' } })).toContain(
      '+ install  docker-ce-cli\n',
    );
  });
});

describe('a machine that cannot be set up', () => {
  it.each<[string, Partial<MachineFacts>, object]>([
    [
      'has another system',
      { system: { ...system, id: 'fedora', name: 'Fedora 41' } },
      { kind: 'unknown system' },
    ],
    ['has no apt', { packages: { ...packages, hasApt: false } }, { kind: 'unknown system' }],
    ['has a user without rights', { rights: 'none' }, { kind: 'no root', asksPassword: false }],
    ['asks for a password', { rights: 'password' }, { kind: 'no root', asksPassword: true }],
    ['starts no services', { system: { ...system, services: 'none' } }, { kind: 'no services' }],
    ['limits nothing', { system: { ...system, cgroups: false } }, { kind: 'no control groups' }],
    [
      "has snap's engine",
      { engine: runningEngine({}, { source: 'snap' }) },
      { kind: 'foreign engine', source: 'snap' },
    ],
    ['has Podman', { engine: runningEngine({}, { source: 'podman-docker' }) }, { kind: 'foreign engine' }],
    ['has an old engine', { engine: runningEngine({}, { version: '19.03.15' }) }, { kind: 'old engine' }],
    [
      'has old packages',
      { packages: { ...packages, candidate: '18.09.1+dfsg1-7.1' } },
      { kind: 'old package' },
    ],
    ['has broken settings', { settings: '{' }, { kind: 'bad settings' }],
    [
      'is full',
      { system: { ...system, freeBytes: 300_000_000 } },
      { kind: 'little room', neededBytes: 1_000_000_000 },
    ],
  ])('%s', (_name, facts, problem) => {
    expect(problems(facts)).toEqual([expect.objectContaining(problem)]);
  });

  it('says all of it at once', () => {
    const kinds = problems({ rights: 'password', settings: '[' }).map(({ kind }) => kind);
    expect(kinds).toEqual(['no root', 'bad settings']);
  });

  it("may have newer packages of Docker's, where its own are old", () => {
    const old = { packages: { ...packages, candidate: '1:19.03.1' } };
    expect(problems(old)).toEqual([{ kind: 'old package', version: '1:19.03.1' }]);
    expect(planned(old, { packages: 'docker' })).toContain('docker-ce');
    expect(problems({ system: { ...system, codename: '' } }, { packages: 'docker' })).toEqual([
      { kind: 'no codename', name: system.name },
    ]);
  });
});
