import { hostname } from 'node:os';
import type { ContainerKey } from '../compiler/desired/desired-state.ts';
import { containerKey } from '../compiler/desired/keys.ts';
import type {
  BuildContent,
  BuildRequirement,
  HostFacts,
  ImageConfig,
  ImageFacts,
  ImageRequirement,
  Requirements,
  ResolvedInputs,
} from '../compiler/desired/resolved-inputs.ts';
import type { SecretSource } from '../compiler/spec/stack-spec.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Engine } from './engine.ts';
import { dataMounts } from './inputs/data-mounts.ts';
import { hostFacts, offlineHostFacts } from './inputs/host-facts.ts';
import { imageFacts, type AuthLookup, type ImageLookup } from './inputs/image-facts.ts';
import { buildFacts } from './inputs/build-facts.ts';
import { readStackFile } from './inputs/stack-files.ts';
import { mapAtMost } from './map-at-most.ts';
import { readSecret, type SecretValue } from './inputs/secrets.ts';

/** Images asked about at the same time. */
const IMAGES = 16;

/** What gathering needs besides the requirements. */
export interface GatherOptions {
  /** Tells which containers are held: their tags are not looked up. */
  readonly held: (observed: ObservedState) => ReadonlySet<ContainerKey>;
  /** Where the secrets of the file come from, by name. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The stack file's folder. */
  readonly folder: string;
  /** The host of an engine elsewhere; null for one on this machine. */
  readonly remoteHost: string | null;
  /** Whether the facts of the host are asked for even when no template reads them. */
  readonly hostAlways: boolean;
  /** Credentials for pulls, which may themselves hold variables and secrets. */
  readonly auth: (known: Pick<ResolvedInputs, 'env' | 'secrets' | 'host'>) => AuthLookup;
  /** False: what the engine has stands, and no registry is asked. */
  readonly askRegistry: boolean;
  /** What was found before, when registries were asked; absent: nobody has asked. */
  readonly asked?: ResolvedInputs['images'];
}

/**
 * Gathers what `resolve` takes from outside the file, everything at the same time and nothing that is not asked
 * for. `observed` may still be under way: only data volumes and held containers wait for it. Without an engine (`--offline`) nothing is known of images. Rejects with `EngineError`; a secret that
 * cannot be read is part of the result.
 *
 * `requirements` is asked once with the operator's variables, and once more with everything: only then is an image
 * known whose very name holds a secret or a fact of the host.
 */
export async function gatherInputs(
  requirements: (known: Partial<ResolvedInputs>) => Requirements,
  engine: Engine | null,
  observed: ObservedState | Promise<ObservedState>,
  options: GatherOptions,
): Promise<ResolvedInputs> {
  const { askRegistry, asked: before = {} } = options;
  const observing = Promise.resolve(observed);
  const holding = observing.then(options.held);
  // Awaited where an image is looked up; without any, a failure must not count as unhandled.
  holding.catch(() => undefined);
  const first = requirements({});
  // What stands in them may need more.
  const files = await allFiles(first.files, options.folder);
  const asked = first.files.length === 0 ? first.env : requirements({ files }).env;
  const env = Object.fromEntries(
    asked.flatMap((name): readonly (readonly [string, string])[] => {
      const value = options.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const open = asked.length === 0 && first.files.length === 0 ? first : requirements({ env, files });
  const builds = await allBuilds(open.builds, options.folder);
  const needed = open.builds.length === 0 ? open : requirements({ env, files, builds });
  const readingSecrets = allSecrets(needed.secrets, options);
  const askingHost =
    options.hostAlways || needed.host ? askHost(engine, options.remoteHost) : Promise.resolve(null);
  // Awaited below together; a failure of one before that must not count as unhandled.
  askingHost.catch(() => undefined);
  // Only a question to a registry waits for the secrets; images that the engine knows do not.
  const auth: AuthLookup = async (reference) =>
    options.auth({ env, secrets: await readingSecrets, host: await askingHost })(reference);
  const imagesOf = (wanted: readonly ImageRequirement[]) =>
    engine === null
      ? unknownImages(wanted)
      : allImages(wanted, { holding, observing }, { engine, auth, askRegistry, asked: before });

  const [images, secrets, host, mounts] = await Promise.all([
    imagesOf(needed.images),
    readingSecrets,
    askingHost,
    engine === null ? {} : observing.then((seen) => dataMounts(needed.dataVolumes, seen, engine)),
  ]);
  const known = { images, env, secrets, host, dataMounts: mounts, files, builds };
  const lateBuilds = requirements(known).builds.filter(({ key }) => !Object.hasOwn(builds, key));
  if (lateBuilds.length > 0)
    Object.assign(known, { builds: { ...builds, ...(await allBuilds(lateBuilds, options.folder)) } });
  const late = requirements(known).images.filter(({ reference }) => !Object.hasOwn(images, reference));
  return late.length === 0 ? known : { ...known, images: { ...images, ...(await imagesOf(late)) } };
}

async function askHost(engine: Engine | null, remoteHost: string | null): Promise<HostFacts> {
  return engine === null ? offlineHostFacts(hostname()) : hostFacts(engine, remoteHost);
}

interface Seen {
  readonly holding: Promise<ReadonlySet<ContainerKey>>;
  readonly observing: Promise<ObservedState>;
}

async function allImages(
  wanted: readonly ImageRequirement[],
  { holding, observing }: Seen,
  lookup: ImageLookup,
): Promise<ResolvedInputs['images']> {
  const facts = await mapAtMost(
    IMAGES,
    wanted,
    async (requirement): Promise<readonly [string, ImageFacts]> => {
      const { reference, containers, build } = requirement;
      // What the engine has is asked at once; whether anybody wants to know more is known a little later.
      const [keys, local] = await Promise.all([holding, lookup.engine.inspectImage(reference)]);
      if (containers.every((key) => keys.has(key))) return [reference, { kind: 'unknown' }];
      if (build === undefined) return [reference, await imageFacts(requirement, local, lookup)];
      const running = async () => runningConfig(containers, await observing, lookup.engine);
      return [reference, await buildFacts(requirement, build.registry, local, running, lookup)];
    },
  );
  return Object.fromEntries(facts);
}

/** Of the image that one of these containers runs: most of the next ones say the same. */
async function runningConfig(
  keys: readonly ContainerKey[],
  { containers }: ObservedState,
  engine: Engine,
): Promise<ImageConfig | null> {
  const current = containers.find(
    ({ role, phase, application, container }) =>
      role === 'instance' && phase === 'current' && keys.includes(containerKey(application, container)),
  );
  return current === undefined ? null : ((await engine.inspectImage(current.imageId))?.config ?? null);
}

function unknownImages(wanted: readonly ImageRequirement[]): ResolvedInputs['images'] {
  return Object.fromEntries(wanted.map(({ reference }) => [reference, { kind: 'unknown' }]));
}

async function allSecrets(
  names: readonly string[],
  options: GatherOptions,
): Promise<ResolvedInputs['secrets']> {
  const read = await Promise.all(
    names.map(async (name): Promise<readonly [string, SecretValue]> => {
      const source = Object.hasOwn(options.secrets, name) ? options.secrets[name] : undefined;
      const value =
        source === undefined
          ? { error: 'the file does not say where it comes from' }
          : readSecret(source, options);
      return [name, await value];
    }),
  );
  return Object.fromEntries(read);
}

async function allFiles(names: readonly string[], folder: string): Promise<ResolvedInputs['files']> {
  const read = await Promise.all(
    names.map(async (name) => [name, await readStackFile(folder, name)] as const),
  );
  return Object.fromEntries(read);
}

/** What is in the folders that are built. */
export async function allBuilds(
  wanted: readonly BuildRequirement[],
  folder: string,
): Promise<ResolvedInputs['builds']> {
  if (wanted.length === 0) return {};
  // Loaded here: most stacks build nothing.
  const { readContext } = await import('./build/read-context.ts');
  const found: [string, BuildContent][] = [];
  for (const build of wanted) found.push([build.key, await readContext(build, folder)]);
  return Object.fromEntries(found);
}
