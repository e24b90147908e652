import { hostname } from 'node:os';
import PQueue from 'p-queue';
import type { ContainerKey } from '../compiler/desired/desired-state.ts';
import type {
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
import { readSecret, type SecretValue } from './inputs/secrets.ts';

/** Images asked about at the same time. */
const IMAGES = 16;

/** What gathering needs besides the requirements. */
export interface GatherOptions {
  /** Containers that are held: their tags are not looked up. */
  readonly held: ReadonlySet<ContainerKey>;
  /** Where the secrets of the file come from, by name. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The stack file's folder. */
  readonly folder: string;
  /** The host of an engine elsewhere; null for one on this machine. */
  readonly remoteHost: string | null;
  /** Credentials for pulls, which may themselves hold variables and secrets. */
  readonly auth: (known: Pick<ResolvedInputs, 'env' | 'secrets'>) => AuthLookup;
  /** False: what the engine has stands, and no registry is asked. */
  readonly askRegistry: boolean;
}

/**
 * Gathers what `resolve` takes from outside the file, everything at the same time and nothing that is not asked
 * for. Without an engine (`--offline`) nothing is known of images. Rejects with `EngineError`; a secret that
 * cannot be read is part of the result.
 */
export async function gatherInputs(
  requirements: Requirements,
  engine: Engine | null,
  observed: ObservedState,
  options: GatherOptions,
): Promise<ResolvedInputs> {
  const env = askedEnv(requirements.env, options.env);
  const reading = allSecrets(requirements.secrets, options);
  // Only a question to a registry waits for the secrets; images that the engine knows do not.
  const auth: AuthLookup = async (reference) => options.auth({ env, secrets: await reading })(reference);
  const [images, secrets, host, mounts] = await Promise.all([
    engine === null
      ? unknownImages(requirements.images)
      : allImages(requirements.images, options.held, { engine, auth, askRegistry: options.askRegistry }),
    reading,
    engine === null ? offlineHostFacts(hostname()) : hostFacts(engine, options.remoteHost),
    engine === null ? {} : dataMounts(requirements.dataVolumes, observed, engine),
  ]);
  return { images, env, secrets, host, dataMounts: mounts };
}

async function allImages(
  wanted: readonly ImageRequirement[],
  held: ReadonlySet<ContainerKey>,
  lookup: ImageLookup,
): Promise<ResolvedInputs['images']> {
  const queue = new PQueue({ concurrency: IMAGES });
  const facts = await queue.addAll(
    wanted.map((requirement) => async (): Promise<readonly [string, ImageFacts]> => {
      const isHeld = requirement.containers.every((key) => held.has(key));
      return [requirement.reference, isHeld ? { kind: 'unknown' } : await imageFacts(requirement, lookup)];
    }),
  );
  return Object.fromEntries(facts);
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

function askedEnv(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name): readonly (readonly [string, string])[] => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
