import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { BuildOptions, buildSync } from 'esbuild';

/**
 * The agent as one file, with the options of `src/agent/bundle.json` that the package's build uses too: the same
 * sources give the same bytes, and so the same image tag. Only works in the sources.
 */
export function bundleAgent(sources: string): Uint8Array {
  // Required by name at run time: esbuild is no part of the package, and must not be bundled into it.
  const esbuild: { readonly buildSync: typeof buildSync } = createRequire(import.meta.url)('esbuild');
  const options: BuildOptions = JSON.parse(readFileSync(join(sources, 'src/agent/bundle.json'), 'utf8'));
  const { outputFiles } = esbuild.buildSync({ ...options, absWorkingDir: sources, write: false });
  const [file] = outputFiles ?? [];
  if (file === undefined) throw new Error('esbuild made no file of the agent');
  return file.contents;
}
