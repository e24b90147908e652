// `npm run build`: the schema's validator, then the program and the agent into dist/. `-- --validator`: only the first.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VALIDATOR = `${ROOT}src/compiler/shape/validator.generated.js`;
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

/**
 * Compiles `schema/stack.schema.json` into the validator that the compiler imports. Does nothing while neither the
 * schema nor this script has changed.
 * @returns {Promise<void>}
 */
export async function generateValidator() {
  const text = readFileSync(`${ROOT}schema/stack.schema.json`, 'utf8');
  const hash = createHash('sha256')
    .update(text)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  const stamp = `// ${hash.digest('hex')}\n`;
  if (existsSync(VALIDATOR) && readFileSync(VALIDATOR, 'utf8').startsWith(stamp)) return;

  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const { default: standalone } = await import('ajv/dist/standalone/index.js');
  // Messages are ours, and the code stays small: it is loaded by most commands, and its size is what that costs.
  // `strictRequired` would want each branch of an `anyOf` to define anew what it requires.
  const ajv = new Ajv2020({
    allErrors: true,
    messages: false,
    inlineRefs: false,
    allowUnionTypes: true,
    strictRequired: false,
    code: { source: true, esm: true },
  });
  const validate = ajv.compile(without(text, ['description', 'markdownDescription', 'examples', 'default']));
  // As a text: it is only read when there is something to explain.
  const shown = JSON.stringify(without(text, ['description', 'markdownDescription', 'default']));
  const { outputFiles } = await build({
    stdin: {
      contents: `${linear(standalone.default(ajv, validate))}\nexport const schemaText = ${JSON.stringify(shown)};`,
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  });
  writeFileSync(VALIDATOR, stamp + outputFiles[0].text);
}

/**
 * A schema without what some keywords say. Properties that are called like a keyword stay: what they hold is a schema.
 * @param {string} text
 * @param {readonly string[]} keywords
 * @returns {any}
 */
function without(text, keywords) {
  return JSON.parse(text, (key, value) => {
    const isSchema = typeof value === 'object' && !Array.isArray(value);
    return keywords.includes(key) && !isSchema ? undefined : value;
  });
}

/**
 * ajv copies all errors so far at each call between two parts of a schema: minutes for a file with 100,000 errors.
 * @param {string} code
 * @returns {string}
 */
function linear(code) {
  const copying = /vErrors === null \? (\w+)\.errors : vErrors\.concat\(\1\.errors\)/g;
  const appending = code.replace(copying, 'append(vErrors, $1.errors)');
  if (appending === code || appending.includes('vErrors.concat'))
    throw new Error('ajv generates other code now');
  return `${appending}\nfunction append(all, more) { if (all) for (const e of more) all.push(e); return all ?? more; }`;
}

/**
 * What dockerode loads for features that stackc does in another way (`ssh://`, tar files, TLS files of the environment)
 * or not at all (BuildKit sessions, its modem's log).
 */
const UNUSED = /^(ssh2|cpu-features|protobufjs|@grpc\/[\w-]+|tar-fs|@balena\/dockerignore|split-ca|debug)$/;

/** Keeps what is loaded with dockerode small: every command that talks to an engine waits for it. */
const lean = {
  name: 'lean',
  setup(/** @type {import('esbuild').PluginBuild} */ plugin) {
    plugin.onResolve({ filter: UNUSED }, ({ path, importer }) =>
      importer.startsWith(`${ROOT}src`) ? undefined : { path, namespace: 'unused' },
    );
    plugin.onLoad({ filter: /./, namespace: 'unused' }, ({ path }) => ({
      contents: `function refuse() { throw new Error('${path} is not part of stackc'); }
        module.exports = new Proxy(() => refuse, { get: () => refuse });`,
    }));
    // Node has its own streams by now.
    plugin.onResolve({ filter: /^readable-stream$/ }, () => ({ path: 'node:stream', external: true }));
  },
};

/**
 * The program in one file, and a small entry that loads it with V8's code cache. CommonJS, since only that can be
 * loaded from a cache.
 * @returns {Promise<void>}
 */
async function buildProgram() {
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    charset: 'ascii',
    platform: 'node',
    target: 'node20',
    // A script that comes out of V8's code cache cannot import; what is loaded late is required.
    supported: { 'dynamic-import': false },
    format: 'cjs',
    // Only its scanner: the rest prepares some thousand strings for a formatter whenever it is loaded.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/impl/scanner.js' },
    plugins: [lean],
    write: false,
  };
  const { outputFiles } = await build({
    ...common,
    entryPoints: ['src/cli/program-entry.ts'],
    // What Node puts around a CommonJS file; the entry loads this one itself.
    banner: {
      js: "(function(exports,require,module,__filename,__dirname){const here={get url(){return require('node:url').pathToFileURL(__filename).href}};",
    },
    footer: { js: '})' },
    define: { __STACKC_VERSION__: JSON.stringify(version), 'import.meta.url': 'here.url' },
  });
  const program = outputFiles[0].contents;
  const id = createHash('sha256').update(program).digest('hex').slice(0, 16);
  const entry = await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    define: { __STACKC_VERSION__: JSON.stringify(version), __STACKC_BUILD__: JSON.stringify(id) },
    banner: { js: '#!/usr/bin/env node' },
  });
  mkdirSync(`${ROOT}dist`, { recursive: true });
  writeFileSync(`${ROOT}dist/program.cjs`, program);
  writeFileSync(`${ROOT}dist/stack.cjs`, entry.outputFiles[0].contents);
  chmodSync(`${ROOT}dist/stack.cjs`, 0o755);
}

/**
 * The agent's programs, each as one file of its image; `src/runtime/agent/bundle-agent.ts` must come to the same bytes.
 * @returns {Promise<void>}
 */
async function buildAgent() {
  const programs = JSON.parse(readFileSync(`${ROOT}src/agent/bundle.json`, 'utf8'));
  for (const [name, options] of Object.entries(programs)) {
    await build({ ...options, absWorkingDir: ROOT, outfile: `dist/agent/${name}` });
  }
  for (const name of ['Dockerfile', 'older-node.cjs', 'session.sh']) {
    copyFileSync(`${ROOT}src/agent/${name}`, `${ROOT}dist/agent/${name}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generateValidator();
  if (!process.argv.includes('--validator')) {
    if (existsSync(`${ROOT}src/cli/main.ts`)) await buildProgram();
    if (existsSync(`${ROOT}src/agent/main.ts`)) await buildAgent();
  }
}
