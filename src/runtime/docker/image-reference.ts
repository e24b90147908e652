/** An image reference in parts, with docker's defaults filled in. */
export interface ImageReference {
  /** The registry's host; `docker.io` where none is written. */
  readonly host: string;
  /** As written, without tag and digest: what the engine's pull wants. */
  readonly name: string;
  /** The digest where there is one, else the tag, else `latest`: without one the engine would pull every tag. */
  readonly version: string;
}

/** Splits `[host[:port]/]path[:tag][@digest]`. Source of truth: distribution/reference. */
export function splitReference(reference: string): ImageReference {
  const [tagged = '', digest] = reference.split('@', 2);
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const name = hasTag ? tagged.slice(0, colon) : tagged;
  const version = digest ?? (hasTag ? tagged.slice(colon + 1) : 'latest');
  return { host: hostOf(name), name, version };
}

function hostOf(name: string): string {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  if (!isHost || first === 'index.docker.io') return 'docker.io';
  return first;
}
