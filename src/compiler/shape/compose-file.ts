import { type Diagnostic, diagnostic } from '../diagnostic.ts';
import type { Document } from '../source/document.ts';

/**
 * What there is to say of a Docker Compose file, told by `services` at the top and no `deploy`: `STK208`. Null for
 * every other file. Else every key of it would be unknown here, which helps nobody.
 */
export function composeFile({ root, source }: Document): Diagnostic | null {
  if (root.kind !== 'object') return null;
  const services = root.properties.find(({ key }) => key === 'services');
  if (services === undefined || root.properties.some(({ key }) => key === 'deploy')) return null;
  return diagnostic(
    'STK208',
    'this is a Docker Compose file, not a stack file',
    source.span(services.keyRange),
    {
      help: 'docs/guide.md, "Coming from", says what its keys are called in a stack file',
    },
  );
}
