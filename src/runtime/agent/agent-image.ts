import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Engine } from '../engine.ts';
import { bundleAgent } from './bundle-agent.ts';

/** Set by the build to the package's version. */
// oxlint-disable-next-line no-underscore-dangle -- a define of the build, named so that nothing else can be meant
declare const __STACKC_VERSION__: string | undefined;

/** Where the sources lie when this file has not been bundled. */
function source(path: string): URL {
  return new URL(`../../../${path}`, import.meta.url);
}

/** What the agent's image is built from, and the tag that says so. */
export interface AgentImage {
  /** `stackc/agent:<version>-<12 hex digits over the files>`: the same files give the same tag everywhere. */
  readonly tag: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** How the agent's image is built. */
export interface AgentBuild {
  /** The base image; default `STACKC_AGENT_BASE`, else the Dockerfile's own. */
  readonly base?: string | undefined;
  /** Default `host`: the engine's own bridge may have no way to look up names. */
  readonly network?: 'default' | 'host' | undefined;
}

/** What its image is built from. */
const FILES = ['Dockerfile', 'agent.mjs', 'scheduler.mjs', 'older-node.cjs', 'session.sh'];

/** The program itself, by which the agent heals: beside the folder of these. */
const PROGRAM = ['stack.cjs', 'program.cjs'];

/** Stands for it in sources that were not built. */
const NOT_BUILT =
  "process.stderr.write('only the built program heals: `npm run build`\\n'); process.exitCode = 70;\n";

let made: AgentImage | undefined;

/** The image of this version's agent. From an installed package its files are read, from sources it is bundled now. */
export function agentImage(): AgentImage {
  made ??= makeAgentImage();
  return made;
}

/** Builds the image of this version's agent on an engine, and gives its tag. Rejects with `EngineError`. */
export async function buildAgentImage(
  engine: Pick<Engine, 'buildImage'>,
  { base = process.env['STACKC_AGENT_BASE'], network = 'host' }: AgentBuild,
  onOutput: (line: string) => void,
): Promise<string> {
  const { tag, files } = agentImage();
  const buildArgs: Readonly<Record<string, string>> = base ? { BASE: base } : {};
  const labels = {
    'org.opencontainers.image.title': 'stackc agent',
    'org.opencontainers.image.version': version(),
  };
  await engine.buildImage({ tag, files, buildArgs, labels, network }, onOutput);
  return tag;
}

function makeAgentImage(): AgentImage {
  const files = installedFiles() ?? {
    Dockerfile: readFileSync(source('src/agent/Dockerfile')),
    ...bundleAgent(fileURLToPath(source(''))),
    'older-node.cjs': readFileSync(source('src/agent/older-node.cjs')),
    'session.sh': readFileSync(source('src/agent/session.sh')),
    ...(builtProgram(source('dist/')) ?? notBuilt()),
  };
  const hash = createHash('sha256');
  // The lengths keep the two apart: without them one file's end could pass for the other's start.
  for (const [name, content] of Object.entries(files))
    hash.update(`${name} ${content.length}\n`).update(content);
  return { tag: `stackc/agent:${version()}-${hash.digest('hex').slice(0, 12)}`, files };
}

/** The package's `dist/agent/`, beside the program or one level up from a part of it; null in the sources. */
function installedFiles(): AgentImage['files'] | null {
  for (const place of ['./agent/', '../agent/']) {
    const folder = new URL(place, import.meta.url);
    if (!existsSync(new URL('agent.mjs', folder))) continue;
    const files = Object.fromEntries(FILES.map((name) => [name, readFileSync(new URL(name, folder))]));
    return { ...files, ...(builtProgram(new URL('../', folder)) ?? notBuilt()) };
  }
  return null;
}

/** What `npm run build` made last; null where it has not. */
function builtProgram(folder: URL): AgentImage['files'] | null {
  if (!PROGRAM.every((name) => existsSync(new URL(name, folder)))) return null;
  return Object.fromEntries(PROGRAM.map((name) => [name, readFileSync(new URL(name, folder))]));
}

function notBuilt(): AgentImage['files'] {
  return Object.fromEntries(PROGRAM.map((name) => [name, Buffer.from(NOT_BUILT)]));
}

/** The program's own version. */
export function version(): string {
  if (typeof __STACKC_VERSION__ === 'string') return __STACKC_VERSION__;
  const written: { readonly version: string } = JSON.parse(readFileSync(source('package.json'), 'utf8'));
  return written.version;
}
