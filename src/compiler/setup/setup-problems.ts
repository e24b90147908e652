import type { EngineSettings } from './engine-settings.ts';
import type { MachineFacts } from './machine-facts.ts';
import type { PackageSource } from './package-source.ts';

/** Why a machine is not touched. */
export type SetupProblem =
  | { readonly kind: 'unknown system'; readonly name: string; readonly hasEngine: boolean }
  | { readonly kind: 'no root'; readonly user: string; readonly asksPassword: boolean }
  | { readonly kind: 'no services' }
  | { readonly kind: 'no control groups' }
  | { readonly kind: 'foreign engine'; readonly source: 'snap' | 'podman-docker' }
  | { readonly kind: 'old engine'; readonly source: string; readonly version: string }
  | { readonly kind: 'old package'; readonly version: string }
  | { readonly kind: 'no codename'; readonly name: string }
  | { readonly kind: 'bad settings'; readonly why: string }
  | { readonly kind: 'little room'; readonly freeBytes: number; readonly neededBytes: number };

/** The engine and its tools, and the agent's image with what its build fetches. */
const ROOM_FOR_ENGINE = 1_000_000_000;
const ROOM_FOR_IMAGE = 400_000_000;
/** API 1.41, the oldest that is spoken, came with it. */
const OLDEST = { major: 20, minor: 10 };

/** Everything at once that keeps a machine from being set up. */
export function setupProblems(
  { user, rights, system, packages, engine }: MachineFacts,
  source: PackageSource,
  settings: EngineSettings,
): readonly SetupProblem[] {
  const isKnown = packages.hasApt && ['debian', 'ubuntu'].includes(system.id);
  // Everything else would only follow from that.
  if (!isKnown) return [{ kind: 'unknown system', name: system.name, hasEngine: engine !== null }];
  const problems: SetupProblem[] = [];
  if (rights === 'none' || rights === 'password')
    problems.push({ kind: 'no root', user, asksPassword: rights === 'password' });
  if (system.services === 'none') problems.push({ kind: 'no services' });
  // Without systemd the engine's own script mounts them as it starts.
  if (system.services === 'systemd' && !system.cgroups) problems.push({ kind: 'no control groups' });
  if (engine === null) {
    if (source === 'distribution' && packages.candidate !== null && isOld(packages.candidate))
      problems.push({ kind: 'old package', version: packages.candidate });
    if (source === 'docker' && !/^[a-z][\w.-]*$/.test(system.codename))
      problems.push({ kind: 'no codename', name: system.name });
  } else if (engine.source === 'snap' || engine.source === 'podman-docker') {
    problems.push({ kind: 'foreign engine', source: engine.source });
  } else if (isOld(engine.version)) {
    problems.push({ kind: 'old engine', source: engine.source, version: engine.version });
  }
  if (settings.kind === 'invalid') problems.push({ kind: 'bad settings', why: settings.why });
  const neededBytes =
    engine === null ? ROOM_FOR_ENGINE : engine.running?.hasAgentImage === true ? 0 : ROOM_FOR_IMAGE;
  if (system.freeBytes < neededBytes)
    problems.push({ kind: 'little room', freeBytes: system.freeBytes, neededBytes });
  return problems;
}

/** Whether a version, maybe a package's with an epoch, is older than the oldest that is spoken; an unknown one is not. */
function isOld(version: string): boolean {
  const [, major, minor] = /^(?:\d+:)?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
}
