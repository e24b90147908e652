import { type Compiled, diagnostic } from '../diagnostic.ts';
import { maxBytes } from './limits.ts';
import { SourceFile, type SourceFormat } from './source-file.ts';
import { tooLarge } from './too-large.ts';

/**
 * Turns a file's bytes into text. The format follows the ending: `.json` is JSON, `.yaml` and `.yml` YAML, anything
 * else (standard input too) JSON when its first character that is not blank is `{`. A UTF-8 byte order mark is dropped.
 * Gives `STK104` for bytes that are not UTF-8 and `STK106` for a file that is too large.
 */
export function decode(path: string, bytes: Uint8Array): Compiled<SourceFile> {
  // Before decoding: nothing of this size can be a stack file, whatever its format.
  const known = formatByEnding(path);
  if (bytes.length > maxBytes[known ?? 'json']) {
    return { ok: false, diagnostics: [tooLarge(bytes.length, known ?? 'json')] };
  }
  const source = decodeLossy(path, bytes);
  if (bytes.length > maxBytes[source.format]) {
    return { ok: false, diagnostics: [tooLarge(bytes.length, source.format)] };
  }
  if (startsLikeUtf16(bytes)) {
    const help = 'save it as UTF-8';
    const span = source.span({ start: 0, end: 0 });
    return {
      ok: false,
      diagnostics: [diagnostic('STK104', 'the file is UTF-16, not UTF-8', span, { help })],
    };
  }
  if (isValid(bytes, false)) return { ok: true, value: source, warnings: [] };

  const { byteOffset, offset } = firstInvalid(bytes);
  const found = `0x${(bytes[byteOffset] ?? 0).toString(16).padStart(2, '0')}`;
  const message = `byte ${byteOffset} (\`${found}\`) is not UTF-8`;
  const span = source.span({ start: offset, end: offset + 1 });
  return {
    ok: false,
    diagnostics: [diagnostic('STK104', message, span, { help: 'save the file as UTF-8' })],
  };
}

/** The text with U+FFFD for what is not UTF-8: enough to show the place of a problem that {@link decode} found. */
export function decodeLossy(path: string, bytes: Uint8Array): SourceFile {
  const text = new TextDecoder().decode(bytes);
  return new SourceFile(path, text, formatByEnding(path) ?? (/^\s*\{/.test(text) ? 'json' : 'yaml'));
}

function formatByEnding(path: string): SourceFormat | null {
  if (/\.json$/i.test(path)) return 'json';
  return /\.ya?ml$/i.test(path) ? 'yaml' : null;
}

function startsLikeUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** Whether the bytes are UTF-8; as the `beginning` of more, a character may be cut off at the end. */
function isValid(bytes: Uint8Array, beginning: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: beginning });
    return true;
  } catch {
    return false;
  }
}

/** The decoder does not say where it failed, so the longest good beginning is found by halving. */
function firstInvalid(bytes: Uint8Array): { readonly byteOffset: number; readonly offset: number } {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isValid(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // What the decoder holds back at the end of the good part is the start of the character that went wrong.
  const kept = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, good), {
    stream: true,
  });
  const mark = kept.startsWith('\u{feff}') ? 1 : 0;
  return { byteOffset: new TextEncoder().encode(kept).length, offset: kept.length - mark };
}
