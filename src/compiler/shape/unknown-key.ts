import { nearest } from '../nearest.ts';
import { quote } from '../source/quote.ts';
import { resolveShape, type Shape, stackSchema } from './shape.ts';
import { didYouMean, either } from './words.ts';

/** What other tools call a key, in lower case, by a key that only the object of that kind has. */
const elsewhere: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'image',
    new Map([
      ['args', 'command'],
      ['cmd', 'command'],
      ['cpu_limit', 'cpus'],
      ['env_vars', 'env'],
      ['environment', 'env'],
      ['environment_variables', 'env'],
      ['healthcheck', 'health'],
      ['healthy', 'health'],
      ['image_name', 'image'],
      ['image_pull_policy', 'pull'],
      ['instances', 'containers'],
      ['liveness_probe', 'health'],
      ['logging', 'log'],
      ['mem_limit', 'memory'],
      ['memory_limit', 'memory'],
      ['network_mode', 'network'],
      ['pull_policy', 'pull'],
      ['readiness_probe', 'health'],
      ['replicas', 'containers'],
      ['restart_policy', 'restart'],
      ['schedule', 'cron'],
      ['stop_grace_period', 'stop_timeout'],
      ['termination_grace_period', 'stop_timeout'],
      ['volume_mounts', 'volumes'],
      ['workdir', 'working_dir'],
    ]),
  ],
  [
    'data_volumes',
    new Map([
      ['env', 'environment_variables'],
      ['environment', 'environment_variables'],
      ['services', 'containers'],
    ]),
  ],
  [
    '$schema',
    new Map([
      ['applications', 'deploy'],
      ['servers', 'hosts'],
    ]),
  ],
  [
    'start_period',
    new Map([
      ['cmd', 'command'],
      ['test', 'command'],
      ['url', 'path'],
    ]),
  ],
]);

/** More keys than this are looked up in the reference, not read in a message. */
const mostListed = 12;

/**
 * Helps with a key that an object does not know: another tool's word for one, a near one, one near another tool's
 * word, or where it belongs.
 */
export function unknownKeyHelp(key: string, shape: Shape): string {
  const other = otherWords(shape).get(snakeCase(key));
  if (other !== undefined) return `it is called \`${other}\` here`;
  const help = didYouMean(meantKeys(key, shape));
  if (help !== null) return help;
  const known = Object.keys(shape.properties ?? {});
  const owner = owners().find(({ keys }) => keys.includes(key));
  if (owner !== undefined) return `${quote(key)} is a key of ${owner.name}`;
  if (known.length <= mostListed) return `known here: ${either(known.map((name) => `\`${name}\``))}`;
  return 'remove it; a key that starts with `x-` is kept as a note';
}

/** The keys of an object that somebody may have meant by one that it does not know; the best ones alone. */
export function meantKeys(key: string, shape: Shape): readonly string[] {
  const known = Object.keys(shape.properties ?? {});
  const words = otherWords(shape);
  const other = words.get(snakeCase(key));
  if (other !== undefined) return [other];
  const near = nearest(key, known);
  if (near.length > 0) return near;
  const others = nearest(snakeCase(key), words.keys()).flatMap((name) => words.get(name) ?? []);
  return others.length > 0 ? [...new Set(others)] : shortened(key, known);
}

/** `vol` for `volumes`, `img` for `image`: what its letters begin with, else what has them all in order. */
function shortened(key: string, known: readonly string[]): readonly string[] {
  const short = snakeCase(key);
  if (short.length < 3) return [];
  const begun = known.filter((name) => name.startsWith(short));
  const abbreviated = known.filter((name) => name[0] === short[0] && hasInOrder(name, short));
  const found = begun.length > 0 ? begun : abbreviated;
  // What fits many says nothing.
  return found.length > 3 ? [] : found;
}

function hasInOrder(text: string, letters: string): boolean {
  let at = 0;
  for (const letter of text) if (letter === letters[at]) at += 1;
  return at === letters.length;
}

function otherWords(shape: Shape): ReadonlyMap<string, string> {
  const known = Object.keys(shape.properties ?? {});
  return [...elsewhere].find(([mark]) => known.includes(mark))?.[1] ?? new Map<string, string>();
}

/** `restartPolicy`, `restart-policy` and `RESTART_POLICY` are `restart_policy`. */
function snakeCase(key: string): string {
  return key
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

function owners(): readonly { readonly name: string; readonly keys: readonly string[] }[] {
  return [
    { name: 'a container', keys: keysOf({ $ref: '#/$defs/container' }) },
    { name: 'an application', keys: keysOf({ $ref: '#/$defs/application' }) },
    { name: 'the top level', keys: keysOf(stackSchema()) },
  ];
}

function keysOf(shape: Shape): readonly string[] {
  return Object.keys(resolveShape(shape).properties ?? {});
}
