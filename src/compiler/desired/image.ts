import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import { formatImageReference, isLatest, parseImageReference } from '../spec/values/image-reference.ts';
import { parsed, unparsed } from '../spec/values/parsed.ts';
import { unreachable } from '../unreachable.ts';
import { buildOf, contentOf, desiredBuild, registryOf, tagOf } from './build.ts';
import type { DesiredImage } from './desired-state.ts';
import type { Expander, Scope } from './expander.ts';
import type {
  BuildContent,
  BuildRequirement,
  ImageConfig,
  ImageFacts,
  ResolvedInputs,
} from './resolved-inputs.ts';

/** A container's image as the file says it. */
export interface WrittenImage {
  /** As the engine takes it. */
  readonly reference: string;
  /** Without tag and digest. */
  readonly name: string;
  /** Null: it is made elsewhere. */
  readonly built: Built | null;
}

interface Built {
  readonly requirement: BuildRequirement;
  readonly content: Extract<BuildContent, { readonly digest: string }>;
  /** Where it goes; null: nowhere. */
  readonly registry: string | null;
}

/**
 * Expands and reads `image` with `tag`, or with what `builds` knows of its content; null when it is a problem, or not known.
 * Warns of `latest`.
 */
export function writtenImage(
  container: ContainerSpec,
  expander: Expander,
  builds: ResolvedInputs['builds'],
): WrittenImage | null {
  if (container.build !== null) return builtImage(container, expander, builds);
  const scope: Scope = { application: container.application, container: container.name, index: null };
  const image = expander.parse(container.image, scope, 'STK311', parseImageReference);
  const tag =
    container.tag === null
      ? null
      : expander.parse(container.tag, scope, 'STK311', (text) => {
          const whole = parseImageReference(`image:${text}`);
          return whole.ok
            ? parsed(text)
            : unparsed(`\`${text}\` is not a tag`, 0, text.length, whole.problem.help);
        });
  if (image === null || (tag === null && container.tag !== null)) return null;
  if (tag !== null && (image.tag !== null || image.digest !== null)) {
    expander.problems.error(
      'STK312',
      'the image has a tag or digest already',
      container.tag?.place.range ?? null,
      {
        help: 'keep one of the two',
        related: [{ range: container.image.place.range, message: 'written here too' }],
      },
    );
    return null;
  }
  const whole = tag === null ? image : { ...image, tag };
  if (isLatest(whole)) warnLatest(container, image.tag === null && tag === null, expander.problems);
  return { reference: formatImageReference(whole), name: image.name, built: null };
}

function builtImage(
  container: ContainerSpec,
  expander: Expander,
  builds: ResolvedInputs['builds'],
): WrittenImage | null {
  const scope: Scope = { application: container.application, container: container.name, index: null };
  const image = expander.parse(container.image, scope, 'STK311', (text) => {
    const whole = parseImageReference(text);
    if (!whole.ok || (whole.value.tag === null && whole.value.digest === null)) return whole;
    const help = 'write the name alone: the tag of what is built is made from its content';
    return unparsed('the name of what is built has no tag', whole.value.name.length, text.length, help);
  });
  const requirement = buildOf(container, expander);
  if (image === null || requirement === null) return null;
  const content = contentOf(requirement, container, builds, expander.problems);
  if (content === null) return null;
  const reference = formatImageReference({ ...image, tag: tagOf(content) });
  return { reference, name: image.name, built: { requirement, content, registry: registryOf(image) } };
}

function warnLatest(container: ContainerSpec, implied: boolean, problems: Problems): void {
  const { range } = (container.tag ?? container.image).place;
  const message = implied ? 'the image has no tag, which means `latest`' : 'the image tag is `latest`';
  problems.warn('STK350', `${message}: what runs changes whenever somebody pushes`, range, {
    help: 'write the tag of a version, or a digest',
  });
}

/** What is known of the image; a missing one and a registry that was not reached are told. */
export function desiredImage(
  container: ContainerSpec,
  written: WrittenImage | null,
  images: ResolvedInputs['images'],
  problems: Problems,
): { readonly image: DesiredImage; readonly config: ImageConfig | null } {
  const reference = written?.reference ?? '';
  const facts = Object.hasOwn(images, reference) ? images[reference] : undefined;
  const { range } = container.image.place;
  const built = written?.built ?? null;
  const made =
    built === null
      ? {}
      : {
          build: desiredBuild(built.requirement, built.content, built.registry, facts ?? { kind: 'unknown' }),
        };
  if (facts === undefined) return { image: { reference, id: null, pull: null, ...made }, config: null };
  switch (facts.kind) {
    case 'unknown':
      return { image: { reference, id: null, pull: null, ...made }, config: null };
    case 'local':
      if (facts.warning !== null) problems.warn('STK365', `\`${reference}\`: ${facts.warning}`, range);
      return { image: { reference, id: facts.id, pull: null, ...made }, config: facts.config };
    case 'pull':
      if (facts.doubt !== null) {
        const { message, help } = facts.doubt;
        problems.warn('STK366', `\`${reference}\`: ${message}`, range, { help });
      }
      return {
        image: { reference, id: null, pull: pullOf(facts), ...made },
        // What the next image says is not known before it is here; most keep what the last one said.
        config: facts.config,
      };
    case 'build':
      if (facts.doubt !== null) {
        const { message, help } = facts.doubt;
        problems.warn('STK366', `\`${reference}\`: ${message}`, range, { help });
      }
      return { image: { reference, id: null, pull: null, ...made }, config: facts.config };
    case 'push':
      return { image: { reference, id: facts.id, pull: null, ...made }, config: facts.config };
    case 'missing':
      problems.error('STK342', `the image \`${reference}\` cannot be had: ${facts.error}`, range);
      return { image: { reference, id: null, pull: null, ...made }, config: null };
    default:
      return unreachable(facts);
  }
}

function pullOf({
  digest,
  by,
  why,
}: Extract<ImageFacts, { readonly kind: 'pull' }>): NonNullable<DesiredImage['pull']> {
  return by === undefined ? { digest, why } : { digest, by, why };
}
