import {
  engineSettings,
  type AddedSetting,
  type EngineSettings,
  type LeftSetting,
} from './engine-settings.ts';
import type { MachineFacts, RunningEngine } from './machine-facts.ts';
import type { PackageSource } from './package-source.ts';
import { setupProblems, type SetupProblem } from './setup-problems.ts';

/** What is asked for. */
export interface SetupRequest {
  /** Only where no engine is there yet. */
  readonly packages: PackageSource;
  /** Whether the engine may be restarted while containers run. */
  readonly restartEngine: boolean;
  /** The image that the machine is to have at the end. */
  readonly agentImage: string;
}

/** One thing that is done on the machine. Each can be done again. */
export type SetupStep =
  | { readonly kind: 'finish packages' }
  | {
      readonly kind: 'write settings';
      /** The whole file as it will be. */
      readonly text: string;
      /** As it was looked at: one that has changed since is not written over. */
      readonly before: string | null;
      readonly added: readonly AddedSetting[];
      /** Whether the engine whose process is there takes all of it only when it starts. */
      readonly takesRestart: boolean;
    }
  | { readonly kind: 'add repository'; readonly distribution: string; readonly codename: string }
  | {
      readonly kind: 'install';
      readonly packages: readonly string[];
      /** Installed as well where the distribution has it apart from the others. */
      readonly whereApart: string | null;
      readonly version: string | null;
      readonly source: PackageSource;
    }
  | { readonly kind: 'start' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'restart'; readonly containers: number; readonly liveRestore: boolean }
  | { readonly kind: 'enable' }
  | { readonly kind: 'join group'; readonly user: string }
  | { readonly kind: 'build agent image'; readonly tag: string };

/** What is worth knowing, and changes nothing. */
export type SetupNote =
  | { readonly kind: 'locked'; readonly by: string }
  | { readonly kind: 'engine stays'; readonly source: string }
  /** The engine runs with its old settings until somebody restarts it. */
  | { readonly kind: 'restart pending'; readonly containers: number; readonly liveRestore: boolean }
  /** Its process is there, and what it runs is not known: it is not restarted, nor are its settings loaded. */
  | { readonly kind: 'look again'; readonly hasClient: boolean }
  /** An upgrade of the engine that was cut off may restart it when it is finished. */
  | { readonly kind: 'finish may restart'; readonly containers: number }
  | { readonly kind: 'setting left'; readonly left: LeftSetting };

/** How a machine becomes ready, as data. */
export interface SetupPlan {
  /** Where there is one, nothing is done. */
  readonly problems: readonly SetupProblem[];
  /** In the order of the work. */
  readonly steps: readonly SetupStep[];
  readonly notes: readonly SetupNote[];
}

/** From what a machine is to what it should be: the steps that are missing, and none where it is ready. */
export function planSetup(facts: MachineFacts, request: SetupRequest): SetupPlan {
  const running = facts.engine?.running ?? null;
  const settings = engineSettings(facts.settings, {
    flags: facts.flags,
    swarm: facts.engine?.swarm === true,
  });
  const problems = setupProblems(facts, request.packages, settings);
  if (problems.length > 0 || settings.kind === 'invalid') return { problems, steps: [], notes: [] };
  const install = installSteps(facts, request.packages);
  const written = writeStep(facts, settings);
  const needsLock = facts.packages.interrupted || install.length > 0;
  const restart = restartOf(running, settings, written);
  const mayRestart = restart !== null && (restart.containers === 0 || request.restartEngine);
  const isEnabled = facts.engine?.startsAtBoot === true;
  const steps: readonly SetupStep[] = [
    ...(facts.packages.interrupted ? [{ kind: 'finish packages' as const }] : []),
    // Before the installation, which starts the engine by itself: it needs no restart then.
    ...written,
    ...install,
    ...(running === null ? [{ kind: 'start' as const }] : []),
    ...(running !== null && !running.liveRestore && hasLiveRestore(settings)
      ? [{ kind: 'reload' as const }]
      : []),
    ...(mayRestart ? [{ kind: 'restart' as const, ...restart }] : []),
    ...(isEnabled ? [] : [{ kind: 'enable' as const }]),
    ...(facts.mayUseEngine ? [] : [{ kind: 'join group' as const, user: facts.user }]),
    ...(running?.hasAgentImage === true
      ? []
      : [{ kind: 'build agent image' as const, tag: request.agentImage }]),
  ];
  const notes: readonly SetupNote[] = [
    ...(needsLock && facts.packages.lockedBy !== null
      ? [{ kind: 'locked' as const, by: facts.packages.lockedBy }]
      : []),
    ...(request.packages === 'docker' && facts.engine !== null && facts.engine.source !== 'docker-ce'
      ? [{ kind: 'engine stays' as const, source: facts.engine.source }]
      : []),
    ...(facts.engine?.hasProcess === true && running === null
      ? [{ kind: 'look again' as const, hasClient: facts.engine.hasClient }]
      : []),
    ...(facts.packages.interrupted && running !== null && running.containers > 0 && !running.liveRestore
      ? [{ kind: 'finish may restart' as const, containers: running.containers }]
      : []),
    ...(restart !== null && !mayRestart ? [{ kind: 'restart pending' as const, ...restart }] : []),
    ...settings.left.map((left) => ({ kind: 'setting left' as const, left })),
  ];
  return { problems, steps, notes };
}

type Settings = Extract<EngineSettings, { readonly kind: 'settings' }>;

function writeStep(facts: MachineFacts, { text, added }: Settings): readonly SetupStep[] {
  if (added.length === 0) return [];
  const takesRestart = isMoreThanReloaded(added) && facts.engine?.hasProcess === true;
  return [{ kind: 'write settings', text, before: facts.settings, added, takesRestart }];
}

/** A reload takes `live-restore` alone. */
function isMoreThanReloaded(added: readonly AddedSetting[]): boolean {
  return added.some(({ name }) => name !== 'live-restore');
}

function hasLiveRestore({ text, left }: Settings): boolean {
  const isElsewhere = left.some(({ kind }) => kind === 'swarm' || kind === 'live restore is off');
  return !isElsewhere && text.includes('"live-restore"');
}

/** The restart that the settings take; with `live-restore`, which is reloaded before, no container stops. */
function restartOf(
  running: RunningEngine | null,
  settings: Settings,
  written: readonly SetupStep[],
): { readonly containers: number; readonly liveRestore: boolean } | null {
  if (running === null) return null;
  const isDue = running.awaitsRestart || (written.length > 0 && isMoreThanReloaded(settings.added));
  if (!isDue) return null;
  return { containers: running.containers, liveRestore: running.liveRestore || hasLiveRestore(settings) };
}

function installSteps(
  { engine, packages, system }: MachineFacts,
  source: PackageSource,
): readonly SetupStep[] {
  if (engine !== null) {
    if (engine.hasClient) return [];
    const isDockers = engine.source === 'docker-ce';
    return [
      {
        kind: 'install',
        packages: [isDockers ? 'docker-ce-cli' : 'docker-cli'],
        whereApart: null,
        version: null,
        source: isDockers ? 'docker' : 'distribution',
      },
    ];
  }
  if (source === 'distribution')
    return [
      {
        kind: 'install',
        packages: ['docker.io'],
        whereApart: 'docker-cli',
        version: packages.candidate,
        source,
      },
    ];
  const { id: distribution, codename } = system;
  return [
    ...(packages.knowsDockers ? [] : [{ kind: 'add repository' as const, distribution, codename }]),
    {
      kind: 'install',
      packages: ['docker-ce', 'docker-ce-cli', 'containerd.io', 'docker-buildx-plugin'],
      whereApart: null,
      version: null,
      source,
    },
  ];
}
