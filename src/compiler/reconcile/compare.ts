import { SOCKET_HOLE, generationSocket } from '../desired/desired-state.ts';
import type { DesiredContainer, DesiredFile, DesiredInstance } from '../desired/desired-state.ts';
import type { InstanceSpec, RestartPolicy } from '../desired/instance-spec.ts';
import { baseOfInstance } from '../names.ts';
import { shortId } from '../short-id.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Reason } from '../plan/plan.ts';
import { adoptedName, adoptedReason } from './adopted.ts';
import { compareFiles } from './compare-files.ts';
import { field, quote, specReasons } from './spec-reasons.ts';

/** What stands for a value that must not be shown. */
export const MASKED = '(masked)';

/** How a current generation differs from the file. */
export interface Difference {
  /** What only a new generation can change. */
  readonly replace: readonly Reason[];
  /** What is changed in place. */
  readonly update: readonly Reason[];
  /** Files that differ, where nothing else does that takes a new generation; null: none, or not that alone. */
  readonly reload: readonly DesiredFile[] | null;
  /** How they differ. */
  readonly files: readonly Reason[];
}

/** Compares the current generation with the file: the label field by field, the facts by value. */
export function compare(
  container: DesiredContainer,
  instance: DesiredInstance,
  current: ObservedContainer,
): Difference {
  const spec = current.spec;
  if (spec === null) {
    return {
      replace: [field('spec label', 'unreadable', 'version 1')],
      update: [],
      reload: null,
      files: [],
    };
  }
  const adopted = adoptedName(current);
  if (adopted !== null) return { replace: [adoptedReason(adopted)], update: [], reload: null, files: [] };
  const files = compareFiles(instance, spec, current);
  const replace = [
    ...imageReason(container, spec, current),
    ...envReasons(instance, spec, current),
    ...specReasons(instance.spec, spec),
    ...wordReasons(instance, spec, current),
    ...driftReasons(instance.spec, spec, current),
    ...networkReasons(instance, spec, current),
  ];
  const update = updateReasons(instance, current);
  // A program that does not run reads nothing again, and one that cannot keep up is better made anew.
  const reload = replace.length === 0 && current.state === 'running' ? files.reload : null;
  return reload === null
    ? { replace: [...replace, ...files.reasons], update, reload, files: [] }
    : { replace, update, reload, files: files.reasons };
}

/** Under its written reference, which a person knows, and by its id, which is what counts. */
function imageReason(
  { image: { id, pull, reference, build } }: DesiredContainer,
  spec: InstanceSpec,
  current: ObservedContainer,
): readonly Reason[] {
  const from = shortId(current.imageId);
  const moved = reference === spec.image;
  // What is built is what its tag says, whoever has built it.
  if (build !== undefined && moved) return [];
  if (build?.builds === true) return [field('image', `${spec.image} (${from})`, `${reference} (as built)`)];
  // Without an id nothing was looked up (held, offline): only the written reference can tell.
  if (pull === null && id === null) return moved ? [] : [field('image', spec.image, reference)];
  if (pull === null && id === current.imageId) return [];
  const found = pull === null ? id : pull.digest;
  if (found === null) return [field('image', `${spec.image} (${from})`, `${reference} (as pulled)`)];
  return moved
    ? [field('image', `${reference} ${from}`, `${shortId(found)} (tag moved)`)]
    : [field('image', `${spec.image} (${from})`, `${reference} (${shortId(found)})`)];
}

function envReasons(
  instance: DesiredInstance,
  spec: InstanceSpec,
  current: ObservedContainer,
): readonly Reason[] {
  const actual = new Map<string, string>();
  for (const entry of current.env) {
    const at = entry.indexOf('=');
    if (at > 0) actual.set(entry.slice(0, at), entry.slice(at + 1));
  }
  const reasons: Reason[] = [];
  const wanted = new Set<string>();
  const before = new Set(spec.env);
  const maskedBefore = new Set(spec.maskedEnv);
  for (const variable of instance.env) {
    wanted.add(variable.name);
    if (!variable.tracked) continue;
    const from = before.has(variable.name) ? (actual.get(variable.name) ?? null) : null;
    const to = fillSocket(variable.value, instance, current.generation);
    if (from === to) continue;
    const shown = quote(variable.value.replaceAll(SOCKET_HOLE, '%{socket}'));
    const masked = variable.masked || maskedBefore.has(variable.name);
    reasons.push(
      field(
        `env ${variable.name}`,
        from === null ? null : masked ? MASKED : quote(from),
        variable.masked ? MASKED : shown,
      ),
    );
  }
  for (const name of spec.env) {
    if (wanted.has(name)) continue;
    reasons.push(field(`env ${name}`, maskedBefore.has(name) ? MASKED : quote(actual.get(name) ?? ''), null));
  }
  return reasons.sort((a, b) => (a.field < b.field ? -1 : 1));
}

/** Words whose label is the same may still differ in a secret or an operator's variable. */
function wordReasons(
  instance: DesiredInstance,
  spec: InstanceSpec,
  current: ObservedContainer,
): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const name of ['command', 'entrypoint'] as const) {
    const words = instance[name];
    if (words === null || canonicalJson(spec[name]) !== canonicalJson(instance.spec[name])) continue;
    const filled = words.map((word) => fillSocket(word, instance, current.generation));
    if (canonicalJson(filled) !== canonicalJson(current[name] ?? []))
      reasons.push(field(name, MASKED, MASKED));
  }
  return reasons;
}

/** What somebody changed on the container since it was made. */
function driftReasons(
  wanted: InstanceSpec,
  spec: InstanceSpec,
  current: ObservedContainer,
): readonly Reason[] {
  const reasons: Reason[] = [];
  const memory = wanted.memory ?? 0;
  if (memory === (spec.memory ?? 0) && memory !== current.memory) {
    reasons.push({ kind: 'drift', field: 'memory', from: String(current.memory), to: String(memory) });
  }
  const nanoCpus = Math.round((wanted.cpus ?? 0) * 1e9);
  if (wanted.cpus === spec.cpus && nanoCpus !== current.nanoCpus) {
    reasons.push({
      kind: 'drift',
      field: 'cpus',
      from: String(current.nanoCpus / 1e9),
      to: String(wanted.cpus ?? 0),
    });
  }
  return reasons;
}

/**
 * The application's own network is joined by the create call alone: a container that is connected to it again lacks its
 * links there.
 */
function networkReasons(
  instance: DesiredInstance,
  spec: InstanceSpec,
  current: ObservedContainer,
): readonly Reason[] {
  if (instance.spec.network !== 'stack' || spec.network !== 'stack') return [];
  const network = baseOfInstance(instance.engineName, instance.name);
  if (current.networks[network] !== undefined) return [];
  return [{ kind: 'drift', field: `network ${network}`, from: null, to: 'connected' }];
}

function updateReasons(instance: DesiredInstance, current: ObservedContainer): readonly Reason[] {
  const wanted = instance.spec;
  const reasons: Reason[] = [];
  const to = restartText(wanted.restart);
  if (current.restart !== to && !isHeldUp(instance, current)) {
    const same = current.spec !== null && restartText(current.spec.restart) === to;
    reasons.push({ kind: same ? 'drift' : 'field', field: 'restart', from: current.restart, to });
  }
  for (const network of wanted.networks) {
    if (current.networks[network] === undefined && (current.spec?.networks ?? []).includes(network)) {
      reasons.push({ kind: 'drift', field: `network ${network}`, from: null, to: 'connected' });
    }
  }
  for (const network of foreignNetworks(instance, current))
    reasons.push({ kind: 'drift', field: `network ${network}`, from: 'connected', to: null });
  return reasons;
}

/**
 * A signal that only the engine could send counts as a stop by hand, after which `unless-stopped` brings nothing back when
 * the engine starts: such a container has `always` from then on (`perform/reload.ts`).
 */
function isHeldUp({ spec, files }: DesiredInstance, { restart }: ObservedContainer): boolean {
  return (
    spec.restart.name === 'unless-stopped' &&
    restart === 'always' &&
    files.some(({ reload }) => reload?.kind === 'signal')
  );
}

/** Networks that somebody has connected it to: neither the file nor its own label names them. */
export function foreignNetworks(instance: DesiredInstance, current: ObservedContainer): readonly string[] {
  const { spec } = current;
  if (spec === null || spec.network !== 'stack' || instance.spec.network !== 'stack') return [];
  const own = baseOfInstance(instance.engineName, instance.name);
  const known = new Set([own, ...spec.networks, ...instance.spec.networks]);
  return Object.keys(current.networks)
    .filter((network) => !known.has(network))
    .sort();
}

/** `always`, or `on-failure:3`. */
export function restartText(policy: RestartPolicy): string {
  return policy.name === 'on-failure' && policy.maxRetries > 0
    ? `on-failure:${policy.maxRetries}`
    : policy.name;
}

/** Puts a generation's socket path where the hole is. */
function fillSocket(text: string, instance: DesiredInstance, generation: number): string {
  if (instance.socket === null || !text.includes(SOCKET_HOLE)) return text;
  return text.replaceAll(SOCKET_HOLE, generationSocket(instance, instance.socket, generation));
}
