// `npm run docs`: writes docs/reference.md from the schema, the compiler and scripts/reference.template.md.
// `--print`: to standard output instead.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const schema = JSON.parse(readFileSync(`${ROOT}schema/stack.schema.json`, 'utf8'));

/** @typedef {Record<string, any>} Schema */

/** Shared shapes that are types of their own for a reader, not objects with keys. */
const TYPES = new Map([
  ['words', 'command'],
  ['strings', 'list'],
  ['stringOrStrings', 'text or list'],
  ['duration', 'duration'],
  ['size', 'size'],
  ['env', 'variables'],
]);
const KINDS = new Map([
  ['string', 'text'],
  ['integer', 'whole number'],
  ['number', 'number'],
  ['boolean', 'boolean'],
  ['array', 'list'],
  ['object', 'object'],
]);
/** What the compiler wants and the schema leaves to it. */
const REQUIRED = new Set(['container deploy', 'container image']);

/** Where each kind of object stands in a stack file, for keys that the compiler may refuse. */
/** @type {Record<string, (value: object) => object>} */
const PLACES = {
  stack: (value) => file({}, value),
  application: (value) => ({ deploy: { shop: { containers: {}, ...value } } }),
  container: (value) => file(value),
  cron: (value) => file({ deploy: 'cron', cron: value }),
  strategy: (value) => file({ strategy: value }),
  notifications: (value) => file({ notifications: value }),
};

/**
 * @param {object} container
 * @param {object} top
 */
function file(container, top = {}) {
  return {
    deploy: { shop: { containers: { app: { deploy: 'auto', image: 'app:1', ...container } } } },
    ...top,
  };
}

/**
 * The compiler, the table of deploy modes and the metrics, as they are in src/.
 * @returns {Promise<{compile: Function, parse: Function, SourceFile: any, modeTable: Record<string, Record<string, string>>, METRICS: readonly {name: string, kind: string, help: string, labels: readonly string[]}[]}>}
 */
async function loadCompiler() {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-docs-'));
  const outfile = join(folder, 'compiler.cjs');
  try {
    await build({
      stdin: {
        contents: `export { compile } from './spec/compile.ts';
          export { parse } from './source/parse.ts';
          export { SourceFile } from './source/source-file.ts';
          export { modeTable } from './reconcile/mode-table.ts';
          export { METRICS } from '../runtime/metrics/all-metrics.ts';`,
        resolveDir: `${ROOT}src/compiler`,
      },
      bundle: true,
      format: 'cjs',
      platform: 'node',
      // The `main` of jsonc-parser is UMD, which cannot be bundled.
      mainFields: ['module', 'main'],
      outfile,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { compile, parse, SourceFile, modeTable, METRICS } = await loadCompiler();

/**
 * Whether the compiler says `not supported yet` to a key.
 * @param {string} owner
 * @param {string} key
 * @param {Schema} property
 * @returns {boolean}
 */
function isLater(owner, key, property) {
  const place = PLACES[owner];
  if (place === undefined) return false;
  const text = JSON.stringify(place({ [key]: property.examples[0] }));
  const document = parse(new SourceFile('stack.json', text, 'json'));
  const compiled = compile(document.value);
  const diagnostics = compiled.ok ? compiled.warnings : compiled.diagnostics;
  return diagnostics.some(
    (/** @type {{code: string, message: string}} */ { code, message }) =>
      code === 'STK301' && new RegExp(`^\`(?:${owner}\\.)?${key.replace('$', '\\$')}[.\`]`).test(message),
  );
}

/**
 * The schema that a path of the template names: `container`, `stack.docker.exec`, `ulimits.*`, `scale.schedule.[]`.
 * @param {string} path
 * @returns {Schema}
 */
function schemaAt(path) {
  const [first = '', ...rest] = path.split('.');
  let at = first === 'stack' ? schema : schema.$defs[first];
  for (const step of rest) {
    if (step === '*') at = at.additionalProperties;
    else if (step === '[]') at = at.items;
    else at = at.properties[step];
  }
  if (at?.properties === undefined) throw new Error(`the schema has no object \`${path}\``);
  return at;
}

/**
 * @param {Schema} property
 * @param {ReadonlyMap<string, string>} anchors
 * @returns {string}
 */
function typeOf(property, anchors) {
  const name = property.$ref?.replace('#/$defs/', '');
  const known = TYPES.get(name);
  if (known !== undefined) return known;
  const at = name === undefined ? property : schema.$defs[name];
  if (at.enum?.includes(true)) return 'boolean';
  if (at.enum !== undefined) {
    const values = [...new Set(at.enum.map(String))].map((value) => `\`${value}\``);
    return either(values);
  }
  const anchor = anchors.get(name ?? '');
  const kinds = [at.type].flat().map((type) => {
    const kind = KINDS.get(type) ?? type;
    return type === 'object' && anchor !== undefined ? `[object](#${anchor})` : kind;
  });
  return either(kinds);
}

/** @param {readonly string[]} words */
function either(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/**
 * One table row.
 * @param {string} path
 * @param {string} key
 * @param {Schema} owner
 * @param {ReadonlyMap<string, string>} anchors
 * @returns {string}
 */
function row(path, key, owner, anchors) {
  const property = owner.properties[key];
  if (property === undefined) throw new Error(`\`${path}\` has no key \`${key}\``);
  const isRequired = (owner.required ?? []).includes(key) || REQUIRED.has(`${path} ${key}`);
  const fallback = property.default === undefined ? '–' : inCode(property.default);
  const cells = [
    `\`${key}\``,
    typeOf(property, anchors),
    isRequired ? 'required' : fallback,
    `${isLater(path, key, property) ? '*Not supported yet.* ' : ''}${property.markdownDescription}`,
    property.examples.map(inCode).join(' '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** @param {unknown} value */
function inCode(value) {
  return `\`${JSON.stringify(value)}\``;
}

const DECISIONS = new Map([
  ['create', 'created'],
  ['leave', 'left alone'],
  ['update', 'changed in place'],
  ['reload', 'put there and reloaded'],
  ['start', 'started'],
  ['unpause', 'unpaused'],
  ['replace', 'replaced'],
  ['hold', 'held'],
  ['start-held', 'started, its changes held'],
  ['schedule', 'shown only'],
]);
const STATUSES = new Map([
  ['missing', 'is missing'],
  ['same', 'is as the file says'],
  ['adjust', 'differs in what is changed in place'],
  ['reload', 'differs in files that are read again'],
  ['stopped', 'is stopped'],
  ['paused', 'is paused'],
  ['differs', 'differs'],
  ['differs-stopped', 'differs and is stopped'],
]);

/** The metrics that agents export, one a row. */
function metrics() {
  const rows = METRICS.map(({ name, kind, help, labels }) => {
    const own = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${kind} | ${own === '' ? '–' : own} | ${help} |`;
  });
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The table of deploy modes, one row a status. */
function modes() {
  const columns = Object.keys(modeTable);
  const statuses = Object.keys(modeTable[columns[0] ?? ''] ?? {});
  return [
    `| the instance | ${columns.map((mode) => `\`${mode}\``).join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns.length)}`,
    ...statuses.map((status) => {
      const cells = columns.map((mode) => DECISIONS.get(modeTable[mode]?.[status] ?? ''));
      const words = STATUSES.get(status);
      if (words === undefined || cells.includes(undefined)) throw new Error(`no words for \`${status}\``);
      return `| ${words} | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

/**
 * Every object of the schema that has keys, by the same paths as in the template.
 * @param {Schema | undefined} at
 * @param {string} path
 * @returns {readonly (readonly [string, Schema])[]}
 */
function objects(at, path) {
  if (typeof at !== 'object' || at.$ref !== undefined) return [];
  return [
    ...(at.properties === undefined ? [] : [/** @type {const} */ ([path, at])]),
    ...Object.entries(at.properties ?? {}).flatMap(([key, member]) => objects(member, `${path}.${key}`)),
    ...objects(at.additionalProperties, `${path}.*`),
    ...objects(at.items, `${path}.[]`),
  ];
}

const TABLE = /^<!-- keys (\S+): (.+) -->$/;

/**
 * Fills the template. Throws when it leaves a key of the schema out, or names one that is not there.
 * @param {string} template
 * @returns {string}
 */
function fill(template) {
  const lines = template.split('\n');
  /** @type {Map<string, string>} */
  const anchors = new Map();
  let heading = '';
  for (const line of lines) {
    if (/^#+ /.test(line)) heading = anchorOf(line.replace(/^#+ /, ''));
    const path = TABLE.exec(line)?.[1];
    if (path !== undefined && !anchors.has(path)) anchors.set(path, heading);
  }
  anchors.set('container', 'container');
  /** @type {Set<string>} */
  const left = new Set();
  const defs = Object.entries(schema.$defs).flatMap(([name, at]) => objects(at, name));
  for (const [path, at] of [...objects({ ...schema, $defs: undefined }, 'stack'), ...defs]) {
    for (const key of Object.keys(at.properties)) left.add(`${path} ${key}`);
  }
  const filled = lines.map((line) => {
    if (line === '<!-- modes -->') return modes();
    if (line === '<!-- metrics -->') return metrics();
    const [, path, list] = TABLE.exec(line) ?? [];
    if (path === undefined || list === undefined) return line;
    const at = schemaAt(path);
    const keys = list === '*' ? Object.keys(at.properties) : list.split(' ');
    for (const key of keys) {
      if (!left.delete(`${path} ${key}`)) throw new Error(`\`${path}.${key}\` is not there, or shown twice`);
    }
    const head = ['| key | type | default | meaning | example |', '| --- | --- | --- | --- | --- |'];
    return [...head, ...keys.map((key) => row(path, key, at, anchors))].join('\n');
  });
  if (left.size > 0) throw new Error(`the template shows no table with ${[...left].join(', ')}`);
  return `<!-- Made by scripts/reference.mjs; edit the schema or scripts/reference.template.md, then \`npm run docs\`. -->\n\n${filled.join('\n')}`;
}

/** The anchor that a Markdown heading gets. @param {string} title */
function anchorOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

const reference = fill(readFileSync(`${ROOT}scripts/reference.template.md`, 'utf8'));
if (process.argv.includes('--print')) process.stdout.write(reference);
else writeFileSync(`${ROOT}docs/reference.md`, reference);
