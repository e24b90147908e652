import { diagnostic, type Diagnostic } from '../diagnostic.ts';
import { maxBytes } from './limits.ts';
import type { SourceFormat } from './source-file.ts';

/** `STK106`, with the file's size and the limit of its format. */
export function tooLarge(bytes: number, format: SourceFormat): Diagnostic {
  const name = format === 'json' ? 'JSON' : 'YAML';
  const message = `the file has ${bytes.toLocaleString('en')} bytes; a ${name} stack file may have ${maxBytes[format].toLocaleString('en')}`;
  return diagnostic('STK106', message, null, {
    help: 'a stack file describes containers; keep large contents in files beside it',
  });
}
