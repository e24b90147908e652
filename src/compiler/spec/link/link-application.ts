import type { ContainerKey } from '../../desired/desired-state.ts';
import { topologicalSort } from '../../graph.ts';
import { nearest } from '../../nearest.ts';
import type { DataVolumeSpec } from '../application-spec.ts';
import type { ContainerSpec, MountSource, Reference, WrittenContainer } from '../container-spec.ts';
import type { Problems } from '../problems.ts';
import type { WrittenApplication } from '../read/application.ts';
import { checkScale } from './check-scale.ts';
import { reportCycles, type Hop } from './cycles.ts';
import { databaseHost } from './database-host.ts';
import { linkTargets } from './link-targets.ts';
import { Names } from './names.ts';

/** An application's containers in the order of the work. */
export interface LinkedApplication {
  readonly containers: readonly ContainerSpec[];
  /** Those that cannot be judged further, because they or what they mount have problems. */
  readonly flawed: ReadonlySet<ContainerKey>;
}

/** Finds every reference of an application's containers, and puts them in the order of the work. */
export function linkApplication(application: WrittenApplication, problems: Problems): LinkedApplication {
  const flawed = new Set(application.flawed);
  const names = new Names(application, problems);
  const sources = new Map<WrittenContainer, readonly MountSource[]>();
  const needs = new Map<WrittenContainer, readonly Hop[]>();
  const { chains, circular } = envChains(application.containers, names, problems);
  for (const container of circular) flawed.add(container.key);
  for (const container of application.containers) {
    const errors = problems.errors;
    checkBalancer(container, names, problems);
    checkScale(container, names, problems);
    const mountsFrom = mountSources(container, application.dataVolumes, names, problems);
    sources.set(container, mountsFrom);
    needs.set(container, hops(container, application, names, mountsFrom, problems));
    if (problems.errors > errors) flawed.add(container.key);
  }
  const written = [...application.containers].sort(
    (a, b) => Number(a.mode === 'cron') - Number(b.mode === 'cron'),
  );
  const rank = new Map(written.map((container, i) => [container, i]));
  const { order, cycles } = topologicalSort(written, (container) =>
    [...(needs.get(container) ?? [])].sort((a, b) => (rank.get(a.to) ?? 0) - (rank.get(b.to) ?? 0)),
  );
  reportCycles(cycles, 'references', problems);
  for (const hop of cycles.flat()) flawed.add(hop.from.key);
  const containers = order.map((container): ContainerSpec => {
    const mountsFrom = sources.get(container) ?? [];
    // What is mounted from comes first, so its flaws are known.
    const mountsFlaw = mountsFrom.some(
      (source) => source.kind === 'container' && flawed.has(source.container),
    );
    if (mountsFlaw) flawed.add(container.key);
    return {
      ...container,
      after: [...new Set((needs.get(container) ?? []).map((hop): ContainerKey => hop.to.key))].sort(),
      envChain: chains.get(container) ?? [],
      mountsFrom,
      linkTargets: linkTargets(container, application, names, problems),
    };
  });
  return { containers, flawed };
}

/** What must be ready before a container's first instance starts. */
function hops(
  container: WrittenContainer,
  application: WrittenApplication,
  names: Names,
  mountsFrom: readonly MountSource[],
  problems: Problems,
): readonly Hop[] {
  const found: Hop[] = [];
  const add = (key: string, reference: Reference, to: WrittenContainer | undefined) => {
    if (to === undefined) return;
    const range = reference.place.range;
    if (to.mode === 'cron') {
      problems.error(
        'STK328',
        `\`${key}\` names the cron container \`${to.name}\`, which only runs now and then`,
        range,
        {
          related: [{ range: to.range, message: '`deploy: cron`' }],
        },
      );
      return;
    }
    found.push({ from: container, to, label: { key, range } });
  };
  for (const link of container.links) add('links', link, names.find(link, 'links')?.container);
  for (const other of container.dependsOn)
    add('depends_on', other, names.find(other, 'depends_on')?.container);
  for (const source of mountsFrom) {
    if (source.kind !== 'container') continue;
    const to = names.containers.get(source.container.slice(container.application.length + 1));
    add('volumes_from', { name: source.container, place: source.place }, to);
  }
  const host = container.database === null ? null : databaseHost(application);
  const server = host === null ? undefined : names.lookup(host.name)?.container;
  // A database that asks itself (`database: true` on its own server, for the variables) waits for nobody.
  if (host !== null && server !== undefined && server !== container) add('database.host', host, server);
  return found;
}

/** A container, not one of its instances, and one that runs. */
function checkBalancer(container: WrittenContainer, names: Names, problems: Problems): void {
  const { balancer } = container;
  const named = balancer === null ? null : names.find(balancer, 'balancer');
  if (balancer === null || named === null) return;
  const { range } = balancer.place;
  const { name } = named.container;
  if (named.index !== null) {
    problems.error('STK305', `\`balancer\` names \`${balancer.name}\`, one instance of a container`, range, {
      help: `name the container: \`${name}\``,
    });
  } else if (named.container === container) {
    problems.error('STK326', `\`balancer\` names \`${name}\` itself`, range, {
      help: 'name the haproxy that lists its instances, or take it out',
    });
  } else if (named.container.mode === 'cron') {
    problems.error(
      'STK328',
      `\`balancer\` names the cron container \`${name}\`, which only runs now and then`,
      range,
      { related: [{ range: named.container.range, message: '`deploy: cron`' }] },
    );
  }
}

function mountSources(
  container: WrittenContainer,
  dataVolumes: readonly DataVolumeSpec[],
  names: Names,
  problems: Problems,
): readonly MountSource[] {
  return container.volumesFrom.flatMap((reference): readonly MountSource[] => {
    const { place, readOnly } = reference;
    const dataVolume = dataVolumes.find(({ name }) => name === reference.name);
    if (dataVolume !== undefined) return [{ kind: 'data volume', dataVolume, readOnly, place }];
    const named = names.find(
      reference,
      'volumes_from',
      dataVolumes.map(({ name }) => name),
    );
    if (named === null) return [];
    if (named.index !== null) {
      problems.error(
        'STK305',
        `\`volumes_from\` names \`${reference.name}\`, one instance of a container`,
        place.range,
        {
          help: `name the container: \`${named.container.name}\``,
        },
      );
      return [];
    }
    return [{ kind: 'container', container: named.container.key, readOnly, place }];
  });
}

interface EnvChains {
  readonly chains: ReadonlyMap<WrittenContainer, readonly WrittenContainer[]>;
  readonly circular: readonly WrittenContainer[];
}

/** For every container those it takes variables from, farthest first. */
function envChains(containers: readonly WrittenContainer[], names: Names, problems: Problems): EnvChains {
  const from = new Map<WrittenContainer, Hop>();
  for (const container of containers) {
    const { envFrom } = container;
    if (envFrom === null) continue;
    const to = names.containers.get(envFrom.name);
    if (to !== undefined) {
      from.set(container, { from: container, to, label: { key: 'env_from', range: envFrom.place.range } });
    } else if (names.lookup(envFrom.name) !== undefined) {
      problems.error(
        'STK305',
        `\`env_from\` names \`${envFrom.name}\`, one instance of a container`,
        envFrom.place.range,
        {
          help: `name the container: \`${nearest(envFrom.name, names.containers.keys())[0] ?? ''}\``,
        },
      );
    } else {
      names.find(envFrom, 'env_from');
    }
  }
  const { order, cycles } = topologicalSort(containers, (container) => {
    const hop = from.get(container);
    return hop === undefined ? [] : [hop];
  });
  reportCycles(cycles, '`env_from`', problems);
  const chains = new Map<WrittenContainer, readonly WrittenContainer[]>();
  // In this order a chain is always one longer than one that is known.
  for (const container of order) {
    const hop = from.get(container);
    if (hop !== undefined) chains.set(container, [...(chains.get(hop.to) ?? []), hop.to]);
  }
  return { chains, circular: cycles.flat().map((hop) => hop.from) };
}
