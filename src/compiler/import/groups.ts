import { slug } from '../spec/values/slug.ts';
import { COMPOSE } from '../compose-labels.ts';
import { ContainerNames } from './container-names.ts';
import { describe } from './describe.ts';
import type { Description } from './description.ts';
import { describeMounts, type DescribedMounts, type MountScene } from './describe-mounts.ts';
import type { RunningContainer, RunningFacts } from './running.ts';
import { sameEntry } from './same.ts';
import { concealKnown, knownSecrets } from './secrets.ts';
import { hint, type Remark, type Value } from './value.ts';

/** One container of the file to be, with those that run as its instances 0, 1, …. */
export interface Group {
  readonly application: string;
  readonly key: string;
  readonly members: readonly RunningContainer[];
  /** Without references to other containers. */
  readonly fields: ReadonlyMap<string, Value>;
  readonly mounts: DescribedMounts;
  readonly remarks: readonly Remark[];
}

/** Containers that may be instances of one, by their names or by what Compose says. */
interface Family {
  readonly application: string;
  readonly base: string;
  /** Whether the name alone would do for a container with only one of them. */
  readonly isWhole: boolean;
  readonly members: readonly RunningContainer[];
}

/** Puts equal containers together: `app0`, `app1`, … and the containers of a Compose service. Sorted by application and key. */
export function groupsOf(mounts: MountScene, facts: RunningFacts, stack: string): readonly Group[] {
  const names = new ContainerNames(
    stack,
    mounts.dataOnly.map(({ name }) => name),
  );
  const scene = { ...mounts, facts, known: knownSecrets(mounts.containers) };
  const groups: Group[] = [];
  for (const family of families(scene.containers, stack)) {
    let left = family.members;
    let first: Group | null = null;
    while (left.length > 0) {
      const { group, rest } = takeEqual(left, family, first, names, scene);
      groups.push(group);
      first ??= group;
      left = rest;
    }
  }
  return groups.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ application, key }: Group): string {
  return `${application}\0${key}`;
}

/** The first of a family and all that are equal to it. */
function takeEqual(
  left: readonly RunningContainer[],
  family: Family,
  first: Group | null,
  names: ContainerNames,
  scene: Scene,
): { readonly group: Group; readonly rest: readonly RunningContainer[] } {
  const [head] = left;
  if (head === undefined) throw new Error('a family without members');
  const { application } = family;
  const mounts = new Map(left.map((member) => [member, describeMounts(member, scene)]));
  const described = (member: RunningContainer, instance: string): Described => {
    const its = mounts.get(member) ?? {
      volumes: [],
      volumesFrom: [],
      anonymous: [],
      targets: [],
      remarks: [],
    };
    const { fields, remarks } = describe(member, scene.facts, instance);
    const all = its.volumes.length === 0 ? fields : new Map([...fields, ['volumes', its.volumes] as const]);
    const hidden = concealKnown(all, scene.known);
    return { fields: hidden.fields, remarks: [...remarks, ...its.remarks, ...hidden.remarks], mounts: its };
  };
  const merged = (members: readonly RunningContainer[], key: string) =>
    sameEntry(
      members.map((member, index) => described(member, `${key}${index}`).fields),
      key,
    );
  const isReferredSame = (member: RunningContainer) =>
    references(member, mounts.get(member)) === references(head, mounts.get(head));

  const base = names.fitting(application, family.base, left.length);
  const alike = left.filter(isReferredSame);
  // Mostly all of them are; only where they are not is each asked in its turn.
  let taken: readonly RunningContainer[] = merged(alike, base).ok ? alike : [head];
  for (const member of taken.length === alike.length ? [] : alike.slice(1)) {
    const more = [...taken, member];
    if (merged(more, base).ok) taken = more;
  }
  // A lone one that has a number has it as part of its name, but for `redis0`.
  const isBase = first === null && (taken.length > 1 || family.isWhole);
  const wanted = isBase ? family.base : legalName(serviceName(head, family));
  const key = names.take(application, wanted, taken.length);
  const result = merged(taken, key);
  const one = described(head, `${key}0`);
  const fields = result.ok ? result.fields : one.fields;
  const apart = first === null ? [] : [hint(null, apartFrom(first, head, described))];
  return {
    group: {
      application,
      key,
      members: taken,
      fields,
      mounts: one.mounts,
      remarks: [...apart, ...one.remarks],
    },
    rest: left.filter((member) => !taken.includes(member)),
  };
}

interface Scene extends MountScene {
  readonly facts: RunningFacts;
  /** Texts that are secrets wherever they occur. */
  readonly known: ReadonlySet<string>;
}

type Described = Description & { readonly mounts: DescribedMounts };

/** In what it differs, each as the instance of its own number. */
function apartFrom(
  { key, members }: Group,
  container: RunningContainer,
  described: (member: RunningContainer, instance: string) => Described,
): string {
  const [first = container] = members;
  const indexes = [first, container].map((member, at) => numberOf(member) ?? at);
  const fields = [first, container].map((member, at) => described(member, `${key}${indexes[at]}`).fields);
  const compared = sameEntry(fields, key, indexes);
  const others = members.length === 1 ? `\`${first.name}\`` : `the instances of \`${key}\``;
  const differing = compared.ok ? ['what it mounts, links or joins'] : compared.differing;
  return `\`${container.name}\` is not one of \`${key}\`: it differs from ${others} in ${differing.join(', ')}`;
}

function numberOf({ name }: RunningContainer): number | null {
  const [digits] = /(?:0|[1-9]\d{0,5})$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** What must be the same text for all instances, since a reference cannot vary. */
function references(container: RunningContainer, mounts: DescribedMounts | undefined): string {
  const links = container.links.map(({ target, alias }) => `${target}:${alias}`).sort();
  const networks = container.networks.map(({ name }) => name).sort();
  const anonymous = mounts?.anonymous.map(({ target }) => target).sort();
  return JSON.stringify([links, networks, container.networkMode, mounts?.volumesFrom, anonymous]);
}

function families(containers: readonly RunningContainer[], stack: string): readonly Family[] {
  const found = new Map<string, { family: Omit<Family, 'members' | 'isWhole'>; numbered: Numbered[] }>();
  const add = (application: string, base: string, one: Numbered) => {
    const id = `${application}\0${base}`;
    const entry = found.get(id) ?? { family: { application, base: legalName(base) }, numbered: [] };
    entry.numbered.push(one);
    found.set(id, entry);
  };
  for (const container of containers) {
    const { project, service } = composeOf(container);
    if (project !== null && service !== null) {
      const number = Number(container.labels[COMPOSE.number] ?? 1);
      add(applicationName(project), service, { container, number, isWhole: true });
    } else {
      const [, base = '', digits = ''] = /^(.*?)(0|[1-9]\d{0,5})$/.exec(container.name) ?? [];
      const isNumbered = base.replace(/[-_.]+$/, '') !== '';
      const name = isNumbered ? base : container.name;
      const isWhole = !isNumbered || digits === '0';
      add(stack, isNumbered ? `${name}\0` : name, { container, number: Number(digits), isWhole });
    }
  }
  return [...found.values()].map(({ family, numbered }) => {
    const sorted = numbered.sort((a, b) => a.number - b.number);
    return {
      ...family,
      isWhole: sorted[0]?.isWhole ?? true,
      members: sorted.map(({ container }) => container),
    };
  });
}

interface Numbered {
  readonly container: RunningContainer;
  readonly number: number;
  readonly isWhole: boolean;
}

/** The Compose project and service that a container is of. */
export function composeOf({ labels }: RunningContainer): {
  readonly project: string | null;
  readonly service: string | null;
} {
  return { project: labels[COMPOSE.project] || null, service: labels[COMPOSE.service] || null };
}

/** An application's name for a Compose project. */
export function applicationName(project: string): string {
  const name = slug(project);
  return name === '' || name.startsWith('x-') ? `app-${name}`.replace(/-$/, '') : name;
}

function serviceName(container: RunningContainer, { base }: Family): string {
  const { service } = composeOf(container);
  return service === null ? container.name : `${base}-${container.labels[COMPOSE.number] ?? 1}`;
}

/** What a stack file takes for a container's name; `x-…` would be a note. */
function legalName(name: string): string {
  const plain = name
    .replaceAll('\0', '')
    .replace(/[-_.]+$/, '')
    .replace(/[^a-zA-Z0-9_-]/g, '-');
  return /^[a-zA-Z0-9]/.test(plain) && !plain.startsWith('x-') ? plain : `c${plain}`;
}
