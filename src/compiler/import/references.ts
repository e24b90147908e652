import { COMPOSE } from '../compose-labels.ts';
import { findContainer } from './choose.ts';
import type { Group } from './groups.ts';
import type { RunningContainer, RunningFacts } from './running.ts';
import { Hidden, hint, loss, type Remark, type Value } from './value.ts';

/** Which other containers of the file one names, and which networks it keeps. */
export interface References {
  readonly links: readonly string[];
  readonly dependsOn: readonly string[];
  readonly networks: readonly string[];
  readonly remarks: readonly Remark[];
}

/** A link or an order between two groups, as found. */
interface Found {
  readonly kind: 'link' | 'order';
  readonly to: Place;
  readonly alias: string | null;
  /** How it is told. */
  readonly text: string;
  /** Not asked for by anybody, but read from a value. */
  readonly isGuess: boolean;
}

interface Place {
  readonly group: Group;
  readonly index: number;
}

const ALIAS = /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;

/** Networks that every engine has. */
const ENGINE_NETWORKS = new Set(['default', 'bridge', 'host', 'none']);

/** The references of all groups; none that would close a circle, or be two things of one name. */
export function referencesOf(groups: readonly Group[], facts: RunningFacts): ReadonlyMap<Group, References> {
  const scene = new Scene(groups, facts);
  const result = new Map<Group, References>();
  const needs = new Map<Group, Set<Group>>();
  const reaches = (from: Group, to: Group): boolean =>
    from === to || [...(needs.get(from) ?? [])].some((next) => reaches(next, to));
  for (const group of groups) {
    const names = new Map<string, Place>();
    const lists = { links: [] as string[], dependsOn: [] as string[] };
    const remarks: Remark[] = [];
    const refuse = ({ text, isGuess }: Found, why: string) =>
      remarks.push(isGuess ? hint('links', `${text}: ${why}`) : loss('links', `${text}: ${why}`));
    for (const found of scene.found(group, remarks)) {
      const { to, alias } = found;
      const instance = `${to.group.key}${to.index}`;
      const name = alias === instance ? alias : scene.nameOf(to);
      const wanted = [name, ...(alias === null ? [] : [alias])];
      const other = wanted.find((text) => {
        const before = names.get(text) ?? scene.meant(group, text);
        return before !== null && (before.group !== to.group || before.index !== to.index);
      });
      if (other !== undefined) refuse(found, `\`${other}\` means another container in the file`);
      else if (reaches(to.group, group))
        refuse(found, 'the other one needs this one already, and one has to start first');
      else if (wanted.every((text) => names.has(text))) continue;
      else {
        for (const text of wanted) names.set(text, to);
        needs.set(group, (needs.get(group) ?? new Set()).add(to.group));
        if (found.kind === 'order') lists.dependsOn.push(name);
        else lists.links.push(alias === null || alias === name ? name : `${name}:${alias}`);
      }
    }
    const kept = scene.networks(group);
    result.set(group, {
      links: lists.links.sort(),
      dependsOn: lists.dependsOn.sort(),
      networks: kept.networks,
      remarks: [...remarks, ...kept.remarks],
    });
  }
  return result;
}

class Scene {
  readonly #facts: RunningFacts;
  readonly #groups: readonly Group[];
  readonly #places = new Map<RunningContainer, Place>();

  constructor(groups: readonly Group[], facts: RunningFacts) {
    this.#facts = facts;
    this.#groups = groups;
    for (const group of groups) {
      for (const [index, member] of group.members.entries()) this.#places.set(member, { group, index });
    }
  }

  /** What others call it: the container, or one of its instances. */
  nameOf({ group, index }: Place): string {
    return group.members.length === 1 ? group.key : `${group.key}${index}`;
  }

  /** What a name in the file means; a container as a whole leads to its first instance. */
  meant({ application }: Group, name: string): Place | null {
    for (const group of this.#groups) {
      if (group.application !== application) continue;
      if (group.key === name) return { group, index: 0 };
      const index = group.members.findIndex((_, at) => `${group.key}${at}` === name);
      if (index !== -1) return { group, index };
    }
    return null;
  }

  found(group: Group, remarks: Remark[]): readonly Found[] {
    const [container] = group.members;
    if (container === undefined || !isOnStack(group)) return [];
    return [
      ...this.#written(group, container, remarks),
      ...this.#ordered(group, container),
      ...this.#spoken(group, container),
    ];
  }

  /** `--link`. */
  #written(group: Group, { links }: RunningContainer, remarks: Remark[]): readonly Found[] {
    return [...links]
      .sort((a, b) => (a.alias < b.alias ? -1 : 1))
      .flatMap(({ target, alias }): readonly Found[] => {
        const text = `\`--link ${target}:${alias}\` cannot be said`;
        const other = findContainer(target, this.#facts.containers);
        const to = other === null ? undefined : this.#places.get(other);
        if (
          to === undefined ||
          to.group.application !== group.application ||
          !isOnStack(to.group) ||
          !ALIAS.test(alias)
        ) {
          const why =
            to === undefined ? `\`${target}\` is not in the file` : 'it leads out of the application';
          remarks.push(loss('links', `${text}: ${why}`));
          return [];
        }
        return to.group === group ? [] : [{ kind: 'link', to, alias, text, isGuess: false }];
      });
  }

  /** Compose's `depends_on`: `db:service_healthy:false,redis:…`. */
  #ordered(group: Group, { labels }: RunningContainer): readonly Found[] {
    const services = (labels[COMPOSE.dependsOn] ?? '').split(',').map((text) => text.split(':')[0] ?? '');
    return services.sort().flatMap((service): readonly Found[] => {
      const to = this.#groups.find(
        ({ application, members }) =>
          application === group.application && members[0]?.labels[COMPOSE.service] === service,
      );
      if (service === '' || to === undefined || to === group) return [];
      const text = `Compose's \`depends_on: ${service}\` is left out`;
      return [{ kind: 'order', to: { group: to, index: 0 }, alias: null, text, isGuess: false }];
    });
  }

  /** Names of others on a common network that stand as hosts in its variables or words. */
  #spoken(group: Group, container: RunningContainer): readonly Found[] {
    const own = userNetworks(container);
    const texts = [...textsOf(group)];
    return [...this.#places].flatMap(([other, place]): readonly Found[] => {
      if (place.group === group || place.group.application !== group.application || !isOnStack(place.group))
        return [];
      const names = new Set(
        other.networks
          .filter(({ name }) => own.includes(name) && !ENGINE_NETWORKS.has(name))
          .flatMap(({ aliases }) => [other.name, ...aliases]),
      );
      const service = other.labels[COMPOSE.service];
      return [...names].sort().flatMap((name): readonly Found[] => {
        if (!ALIAS.test(name) || !texts.some(([key, text]) => isHost(name, key, text))) return [];
        // All of a service answer to its name, and a container's name leads to the first.
        const to = name === service ? { group: place.group, index: 0 } : place;
        return [
          {
            kind: 'link',
            to,
            alias: name,
            text: `the name \`${name}\` is used and does not resolve`,
            isGuess: true,
          },
        ];
      });
    });
  }

  /** Networks on which there is somebody else, or that are no bridge. */
  networks(group: Group): Pick<References, 'networks' | 'remarks'> {
    const [container] = group.members;
    const remarks: Remark[] = [];
    const networks: string[] = [];
    if (container === undefined || !isOnStack(group)) return { networks, remarks };
    for (const { name, aliases } of container.networks) {
      if (ENGINE_NETWORKS.has(name) || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) continue;
      const others = this.#facts.containers
        .filter(
          (other) => !this.#places.has(other) && other.networks.some((network) => network.name === name),
        )
        .map((other) => `\`${other.name}\``)
        .sort();
      const driver = Object.hasOwn(this.#facts.networks, name) ? this.#facts.networks[name] : 'bridge';
      if (others.length === 0 && (driver === undefined || driver === 'bridge')) continue;
      networks.push(name);
      if (others.length > 0) {
        const known =
          aliases.length === 0
            ? ''
            : `; they find it there no more as ${aliases.map((alias) => `\`${alias}\``).join(', ')}`;
        remarks.push(
          loss(
            'networks',
            `on \`${name}\` are others that are not in the file, ${others.slice(0, 5).join(', ')}${known}`,
          ),
        );
      } else
        remarks.push(
          loss(
            'networks',
            `\`${name}\` is of the driver \`${driver}\`: it is joined, with an address that the engine chooses`,
          ),
        );
    }
    return { networks: networks.sort(), remarks };
  }
}

/** Whether it is on a network on which names can be told. */
function isOnStack({ members }: Group): boolean {
  const mode = members[0]?.networkMode ?? '';
  return mode !== 'host' && mode !== 'none';
}

function userNetworks({ networks }: RunningContainer): readonly string[] {
  return networks.map(({ name }) => name).filter((name) => !ENGINE_NETWORKS.has(name));
}

function* textsOf({ fields }: Group): Iterable<readonly [key: string, text: string]> {
  for (const key of ['env', 'command', 'entrypoint']) {
    const value = fields.get(key);
    if (value !== undefined) yield* within(key, value);
  }
}

function* within(key: string, value: Value): Iterable<readonly [string, string]> {
  if (typeof value === 'string') yield [key, value];
  else if (value instanceof Hidden) yield [key, value.text];
  else if (Array.isArray(value)) for (const item of value) yield* within(key, item);
  else if (typeof value === 'object')
    for (const [name, item] of Object.entries(value)) yield* within(name, item);
}

/** Whether a name stands where a host stands: in a URL, before a port, or as all that a variable like `DB_HOST` says. */
function isHost(name: string, key: string, text: string): boolean {
  if (text === name) return /host|server|addr|url|endpoint|peer|broker|upstream|backend/i.test(key);
  const quoted = name.replaceAll('.', '\\.');
  return new RegExp(`(?:\\/\\/|@)${quoted}(?![\\w.-])|(?<![\\w.@/-])${quoted}:\\d`).test(text);
}
