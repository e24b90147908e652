import { requirements } from '../../compiler/desired/requirements.ts';
import type { ImageFacts, ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import type {
  StoredImage,
  StoredRevision,
  StoredSelection,
} from '../../compiler/revision/stored-revision.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { plain } from '../../compiler/shape/plain.ts';
import { parseImageReference } from '../../compiler/spec/values/image-reference.ts';
import type { ResolvedStack } from '../plan-stack.ts';
import { parseSource } from '../stack-file.ts';

/** What an apply of a stack is made from, to be kept on the engine. */
export async function storedRevision(
  { loaded, inputs, observed }: Pick<ResolvedStack, 'loaded' | 'inputs' | 'observed'>,
  { include, force, only, allowRemoveAll, migrations, adopt = false }: StoredSelection,
): Promise<StoredRevision> {
  const { spec, source } = loaded;
  // Credentials of registries are kept nowhere.
  const needed = requirements({ ...spec, registries: [] }, inputs);
  return {
    content: {
      stack: spec.name,
      source: await withoutDocker(source),
      images: images(
        inputs,
        needed.images.map(({ reference }) => reference),
        observed,
      ),
      env: pick(inputs.env, needed.env),
      secrets: pick(
        Object.fromEntries(
          Object.entries(inputs.secrets).flatMap(([name, read]) =>
            'value' in read ? [[name, read.value] as const] : [],
          ),
        ),
        needed.secrets,
      ),
      host: inputs.host,
      files: filesText(inputs.files),
      ...(Object.keys(inputs.builds).length === 0 ? {} : { builds: inputs.builds }),
    },
    selection: { include, force, only, allowRemoveAll, migrations, ...(adopt ? { adopt } : {}) },
  };
}

/** Files in base64. */
export function filesText(files: ResolvedInputs['files']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) =>
      'bytes' in file ? [[name, Buffer.from(file.bytes).toString('base64')] as const] : [],
    ),
  );
}

/** The other way round. */
export function filesBytes(files: Readonly<Record<string, string>>): ResolvedInputs['files'] {
  return Object.fromEntries(
    Object.entries(files).map(
      ([name, text]) => [name, { bytes: new Uint8Array(Buffer.from(text, 'base64')) }] as const,
    ),
  );
}

/** Control characters that JSON may hold as they are, and a stack file may not. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u007f-\u009f]/g;

/** Without `docker`, of which only the registries have a meaning, and without what is no part of the stack. */
async function withoutDocker(source: ResolvedStack['loaded']['source']): Promise<string> {
  const { root } = await parseSource(source);
  const kept =
    root.kind === 'object'
      ? {
          ...root,
          properties: root.properties.filter(({ key }) => key !== 'docker' && !key.startsWith('x-')),
        }
      : root;
  const text = JSON.stringify(plain(kept), null, 2);
  return text.replace(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function images(
  { images: known }: ResolvedInputs,
  references: readonly string[],
  observed: ObservedState,
): Readonly<Record<string, StoredImage>> {
  return Object.fromEntries(
    references.flatMap((reference) => {
      const facts = Object.hasOwn(known, reference) ? known[reference] : undefined;
      const image = imageOf(reference, facts ?? { kind: 'unknown' }, observed);
      return image === null ? [] : [[reference, image] as const];
    }),
  );
}

/** One that nobody asked for, since its containers are held, is that which they run; null where they do not say. */
function imageOf(reference: string, facts: ImageFacts, observed: ObservedState): StoredImage | null {
  switch (facts.kind) {
    case 'local':
    case 'push':
      return { id: facts.id, digests: [], config: facts.config };
    case 'pull':
      return {
        id: null,
        digests: facts.digest === null ? [] : [`${nameOf(reference)}@${facts.digest}`],
        config: facts.config,
      };
    case 'build':
      return { id: null, digests: [], config: facts.config };
    case 'unknown':
      return heldImage(reference, observed);
    case 'missing':
      return null;
    default:
      return unreachable(facts);
  }
}

function heldImage(reference: string, { containers }: ObservedState): StoredImage | null {
  const [id, ...others] = new Set(
    containers
      .filter(
        ({ role, phase, spec }) => role === 'instance' && phase === 'current' && spec?.image === reference,
      )
      .map(({ imageId }) => imageId),
  );
  return id === undefined || others.length > 0 ? null : { id, digests: [], config: null };
}

function nameOf(reference: string): string {
  const parts = parseImageReference(reference);
  return parts.ok ? parts.value.name : reference;
}

function pick(
  values: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
