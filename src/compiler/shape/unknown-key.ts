import { nearest } from '../nearest.ts';
import { quote } from '../source/quote.ts';
import { resolveShape, type Shape, stackSchema } from './shape.ts';
import { didYouMean, either } from './words.ts';

/** What other tools call it. */
const elsewhere = new Map([
  ['cmd', 'command'],
  ['environment', 'env'],
  ['environment_variables', 'env'],
  ['healthcheck', 'health'],
  ['healthy', 'health'],
  ['logging', 'log'],
  ['mem_limit', 'memory'],
  ['network_mode', 'network'],
  ['replicas', 'containers'],
  ['instances', 'containers'],
  ['schedule', 'cron'],
  ['servers', 'hosts'],
  ['services', 'containers'],
  ['stop_grace_period', 'stop_timeout'],
]);

/** More keys than this are looked up in the reference, not read in a message. */
const mostListed = 8;

/** Helps with a key that an object does not know: a near one, another tool's word for it, or where it belongs. */
export function unknownKeyHelp(key: string, shape: Shape): string {
  const known = Object.keys(shape.properties ?? {});
  const near = didYouMean(nearest(key, known));
  if (near !== null) return near;
  const other = elsewhere.get(key.toLowerCase());
  if (other !== undefined && known.includes(other)) return `it is called \`${other}\` here`;
  const owner = owners().find(({ keys }) => keys.includes(key));
  if (owner !== undefined) return `${quote(key)} is a key of ${owner.name}`;
  if (known.length <= mostListed) return `known here: ${either(known.map((name) => `\`${name}\``))}`;
  return 'remove it; a key that starts with `x-` is kept as a note';
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
