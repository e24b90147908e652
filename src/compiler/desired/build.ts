import { byteSize } from '../byte-words.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { ImageReference } from '../spec/values/image-reference.ts';
import { parsePlatform } from '../spec/values/runtime-options.ts';
import type { Expander, Scope } from './expander.ts';
import type { BuildContent, BuildRequirement, ImageFacts, ResolvedInputs } from './resolved-inputs.ts';
import type { DesiredBuild } from './desired-state.ts';

/** Digits of a tag that is made from content: 64 bits, more than anybody builds. */
const TAG_DIGITS = 16;

/** More than that is mostly sent by mistake. */
const LARGE_BYTES = 500 * 1000 * 1000;

/** What a container is built from; null: it is not built, or not all of it is known (reported where it should be). */
export function buildOf(container: ContainerSpec, expander: Expander): BuildRequirement | null {
  const { build } = container;
  if (build === null) return null;
  const scope: Scope = { application: container.application, container: container.name, index: null };
  const args = build.args.flatMap(({ name, value }) => {
    const text = expander.expand(value, scope);
    return text === null ? [] : [{ name, value: text }];
  });
  const platform =
    container.platform === null ? null : expander.parse(container.platform, scope, 'STK332', parsePlatform);
  if (args.length < build.args.length || (platform === null && container.platform !== null)) return null;
  const { dockerfile, target } = build;
  const context = build.context.text;
  const key = JSON.stringify([
    context,
    dockerfile,
    target,
    platform,
    args.map(({ name, value }) => [name, value]),
  ]);
  return { key, context, dockerfile, args, target, platform };
}

/** What is in a build; null where nobody has looked so far, and where it cannot be had, which is reported. Warns of a large one. */
export function contentOf(
  { key, context }: BuildRequirement,
  container: ContainerSpec,
  builds: ResolvedInputs['builds'],
  problems: Problems,
): Extract<BuildContent, { readonly digest: string }> | null {
  const found = Object.hasOwn(builds, key) ? builds[key] : undefined;
  if (found === undefined) return null;
  const range = container.build?.context.place.range ?? container.range;
  if ('error' in found) {
    problems.shared('STK369', `\`${context}\` cannot be built: ${found.error}`, {
      range,
      message: 'built here too',
      help: 'its path starts at the folder of the stack file, that of the Dockerfile in it; `.dockerignore` keeps out what the image does not need',
    });
    return null;
  }
  if (found.bytes > LARGE_BYTES)
    problems.warn('STK371', `\`${context}\` has ${byteSize(found.bytes)} in ${found.files} files`, range, {
      help: 'all of it is read at each plan and sent at each build: name in `.dockerignore` what the image does not need',
    });
  return found;
}

/** The tag of what is built: the same for the same content, on every machine. */
export function tagOf({ digest }: { readonly digest: string }): string {
  return digest.slice(0, TAG_DIGITS);
}

/** The registry where what is built goes; null: its name has none, and it stays on the engine. */
export function registryOf({ name, registry }: ImageReference): string | null {
  return name.startsWith(`${registry}/`) ? registry : null;
}

/** How an image is made, and what is left to do. */
export function desiredBuild(
  { context, dockerfile, args, target, platform }: BuildRequirement,
  content: Extract<BuildContent, { readonly digest: string }>,
  registry: string | null,
  facts: ImageFacts,
): DesiredBuild {
  return {
    context,
    dockerfile,
    args,
    target,
    platform,
    content,
    registry,
    builds: facts.kind === 'build',
    pushes: registry !== null && (facts.kind === 'build' || facts.kind === 'push'),
  };
}
