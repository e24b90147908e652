import { parsed, unparsed, type Parsed } from './parsed.ts';

/** An image reference, taken apart as docker's grammar does (distribution/reference). */
export interface ImageReference {
  /** As written, registry host included: `quay.io/mikamai/awesome-app`. */
  readonly name: string;
  readonly tag: string | null;
  /** `sha256:…`. */
  readonly digest: string | null;
  /** `quay.io`, `localhost:5000`; `docker.io` when none is written. */
  readonly registry: string;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const LONGEST_NAME = 255;

/** Reads `name`, `name:tag`, `name@digest` or `name:tag@digest`; nothing is added that is not written. */
export function parseImageReference(text: string): Parsed<ImageReference> {
  const at = text.indexOf('@');
  const digest = at === -1 ? null : text.slice(at + 1);
  if (digest !== null && !DIGEST.test(digest)) {
    return unparsed(
      `\`${digest}\` is not a digest`,
      Math.min(at + 1, text.length - 1),
      text.length,
      'a digest is `sha256:` and 64 hexadecimal digits in lower case',
    );
  }
  const rest = at === -1 ? text : text.slice(0, at);
  // A colon after the last slash starts the tag; one before it belongs to the registry's port.
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon === -1 ? null : rest.slice(colon + 1);
  if (tag !== null && !TAG.test(tag)) {
    return unparsed(
      tag === '' ? 'the tag after `:` is empty' : `\`${tag}\` is not a tag`,
      tag === '' ? colon : colon + 1,
      rest.length,
      'a tag is up to 128 letters, digits, `_`, `.` and `-`, and starts with none of the last two',
    );
  }
  const name = colon === -1 ? rest : rest.slice(0, colon);
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  if (hasHost && !HOST.test(first)) return unparsed(`\`${first}\` is not a registry's host`, 0, first.length);
  const path = hasHost ? name.slice(slash + 1) : name;
  const bad = path.split('/').find((component) => !COMPONENT.test(component));
  if (bad !== undefined || name.length > LONGEST_NAME) {
    return unparsed(
      name === '' ? 'the image has no name' : `\`${name}\` is not an image name`,
      0,
      Math.max(name.length, 1),
      path === path.toLowerCase()
        ? 'an image name has lower-case letters and digits, joined by single `.`, `_`, `-` or `/`'
        : `image names are in lower case: \`${name.slice(0, name.length - path.length)}${path.toLowerCase()}\``,
    );
  }
  return parsed({ name, tag, digest, registry: hasHost ? first : 'docker.io' });
}

/** As the engine takes it: the digest when there is one, else the tag, `latest` by default. */
export function formatImageReference({ name, tag, digest }: ImageReference): string {
  return digest === null ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`;
}

/** Whether the reference can mean another image tomorrow without anybody meaning it: `latest`, written or not. */
export function isLatest({ tag, digest }: ImageReference): boolean {
  return digest === null && (tag === null || tag === 'latest');
}

/** `sha256:…` of `name@sha256:…`. */
export function digestOf(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}
