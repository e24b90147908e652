import { slug } from '../spec/values/slug.ts';
import { choose, type LeftOut } from './choose.ts';
import { containerEntry, HostPortClaims } from './container-entry.ts';
import { databaseOfEnv, withoutDatabase, type ImportedDatabase } from './database.ts';
import { DEPLOY_RULE } from './deploy-mode.ts';
import { isDataVolume } from './describe-mounts.ts';
import { applicationName, composeOf, groupsOf, type Group } from './groups.ts';
import { referencesOf, type References } from './references.ts';
import type { RunningContainer, RunningFacts } from './running.ts';
import { SecretNames, type ImportedSecret } from './secrets.ts';
import { joinWords } from './words.ts';
import { escaped, type Remark, type Value } from './value.ts';

/** A first stack file, and what its reader has to know. Holds no secret. */
export interface ImportedStack {
  readonly stack: string;
  /** The file's content. */
  readonly file: { readonly [key: string]: Value };
  /** What stands before a place of the file: the keys that lead there. */
  readonly comments: readonly { readonly path: readonly string[]; readonly lines: readonly string[] }[];
  /** What runs and is not in the file, by container. */
  readonly losses: readonly { readonly container: string; readonly text: string }[];
  readonly leftOut: readonly LeftOut[];
  readonly secrets: readonly ImportedSecret[];
  /** How many containers of the engine are in it. */
  readonly containers: number;
}

/** What was asked for and cannot be made a file. */
export type NothingImported =
  | { readonly kind: 'unknown'; readonly unknown: ReturnType<typeof choose>['unknown'] }
  | { readonly kind: 'nothing'; readonly leftOut: readonly LeftOut[] };

/** What the stack is called when nothing says it. */
const UNNAMED = 'imported';

/** What the command line says. */
export interface ImportOptions {
  /** Containers or Compose projects; none: everything that runs. */
  readonly names: readonly string[];
  /** The stack's name, a slug; null: the only Compose project's. */
  readonly stack: string | null;
}

/** Makes a stack file of what runs. The same facts give the same file, in whatever order they come. */
export function importRunning(
  facts: RunningFacts,
  { names, stack: asked }: ImportOptions,
): ({ readonly kind: 'stack' } & ImportedStack) | NothingImported {
  const { services, dataOnly, leftOut, unknown } = choose(facts.containers, names);
  if (unknown.length > 0) return { kind: 'unknown', unknown };
  if (services.length === 0) return { kind: 'nothing', leftOut };
  const stack = asked ?? stackNameOf(services);
  const groups = groupsOf({ containers: services, dataOnly }, facts, stack);
  const references = referencesOf(groups, facts);
  const applications = [...new Set(groups.map(({ application }) => application))];
  const secrets = new SecretNames();
  const ports = new HostPortClaims();
  const comments: { path: readonly string[]; lines: readonly string[] }[] = [];
  const losses: { container: string; text: string }[] = [];
  const deploy: [string, Value][] = applications.map((name) => {
    const own = groups.filter(({ application }) => application === name);
    const database = databaseOfGroups(own, references);
    const entries = own.map((group): [string, Value] => {
      const refs = references.get(group) ?? NO_REFERENCES;
      const made = containerEntry(group, refs, { groups, ports, database });
      const path = ['deploy', name, 'containers', group.key];
      comments.push(...commentsOf(path, made.fields, made.remarks));
      const runs = group.members.map((member) => member.name).join(', ');
      losses.push(
        ...made.remarks.filter(({ isLoss }) => isLoss).map(({ text }) => ({ container: runs, text })),
      );
      const first = group.members[0]?.name ?? group.key;
      return [group.key, joinWords(secrets.reveal(Object.fromEntries(made.fields), first, group.key))];
    });
    const first = own[0]?.members[0]?.name ?? name;
    const content: [string, Value][] = [
      ...(usedVolumes(own, dataOnly).length === 0
        ? []
        : [['data_volumes', dataVolumes(own, dataOnly)] as [string, Value]]),
      ...(database === null
        ? []
        : [['database', secrets.reveal(database.value, first, name)] as [string, Value]]),
      ['containers', Object.fromEntries(entries)],
    ];
    return [name, Object.fromEntries(content)];
  });
  const all = secrets.all();
  const file = {
    name: stack,
    ...(all.length === 0
      ? {}
      : { secrets: Object.fromEntries(all.map(({ name }): [string, Value] => [name, { env: name }])) }),
    deploy: Object.fromEntries(deploy),
  };
  comments.push({
    path: [],
    lines: headLines(
      asked === null && stack === UNNAMED,
      groups.some(({ fields }) => fields.get('restart') === 'no'),
    ),
  });
  if (all.length > 0) comments.push({ path: ['secrets'], lines: SECRET_LINES });
  return {
    kind: 'stack',
    stack,
    file,
    comments,
    losses,
    leftOut,
    secrets: all,
    containers: services.length + dataOnly.length,
  };
}

const NO_REFERENCES: References = { links: [], dependsOn: [], networks: [], remarks: [] };

const SECRET_LINES = [
  'Not copied from the containers. Each is read from a variable of your environment; `{file: PATH}` or',
  '`{command: [PROGRAM, …]}` do as well.',
];

function headLines(isUnnamed: boolean, saysNo: boolean): readonly string[] {
  return [
    'Written by `stack import running` from what runs. It says what differs from the images and from the',
    'defaults of the engine. Read it before you apply it.',
    ...DEPLOY_RULE,
    'Containers find each other by name only where `links` or `depends_on` says so; these were found in',
    "`--link`, in Compose's `depends_on`, and in variables and commands that name a host.",
    ...(saysNo
      ? ['`restart: "no"` is as it runs; without it a container comes back by itself, after a reboot too.']
      : []),
    ...(isUnnamed
      ? ['Nothing says what the stack is called: `--name` gives it another name than this one.']
      : []),
  ];
}

/** The only Compose project's. */
function stackNameOf(services: readonly RunningContainer[]): string {
  const projects = new Set(services.flatMap((container) => composeOf(container).project ?? []));
  const [only, second] = projects;
  return only === undefined || second !== undefined ? UNNAMED : slug(applicationName(only));
}

function usedVolumes(
  groups: readonly Group[],
  dataOnly: readonly RunningContainer[],
): readonly RunningContainer[] {
  const used = new Set(
    groups.flatMap(({ mounts }) => mounts.volumesFrom.map((text) => text.replace(/:ro$/, ''))),
  );
  return dataOnly.filter((holder) => used.has(holder.name) && isDataVolume(holder));
}

/** Called as their containers are: that is how their volumes are found. */
function dataVolumes(groups: readonly Group[], dataOnly: readonly RunningContainer[]): Value {
  return Object.fromEntries(
    usedVolumes(groups, dataOnly).map(({ name, mounts }): [string, Value] => [
      name,
      [...new Set(mounts.map(({ target }) => escaped(target)))].sort(),
    ]),
  );
}

/** That of the first container which is told of one. */
function databaseOfGroups(
  groups: readonly Group[],
  references: ReadonlyMap<Group, References>,
): ImportedDatabase | null {
  for (const group of groups) {
    const { links, dependsOn } = references.get(group) ?? NO_REFERENCES;
    const reached = new Set([...links, ...dependsOn].map((text) => text.split(':')[0]));
    const isReachable = (host: string) =>
      reached.has(host) ||
      !groups.some(({ key, members }) => host === key || members.some((_, at) => host === `${key}${at}`));
    const found = databaseOfEnv(group.fields.get('env'), isReachable);
    const users =
      found === null ? [] : groups.filter((one) => withoutDatabase(one.fields.get('env'), found) !== null);
    const all = users.every((user) => {
      const its = references.get(user) ?? NO_REFERENCES;
      const names = [...its.links, ...its.dependsOn].map((text) => text.split(':')[0]);
      return !reached.has(found?.host) || names.includes(found?.host);
    });
    if (found !== null && all) return found;
  }
  return null;
}

function commentsOf(
  path: readonly string[],
  fields: ReadonlyMap<string, Value>,
  remarks: readonly Remark[],
): readonly { readonly path: readonly string[]; readonly lines: readonly string[] }[] {
  const byPlace = new Map<string, string[]>();
  for (const { key, text } of remarks) {
    const place = key !== null && fields.has(key) ? key : '';
    const lines = byPlace.get(place) ?? [];
    if (!lines.includes(text)) lines.push(text);
    byPlace.set(place, lines);
  }
  return [...byPlace].map(([key, lines]) => ({ path: key === '' ? path : [...path, key], lines }));
}
