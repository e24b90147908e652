import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { BuildOptions, buildSync } from 'esbuild';

/**
 * The agent's programs, each as one file, with the options of `src/agent/bundle.json` that the package's build uses too: the
 * same sources give the same bytes, and so the same image tag. Only works in the sources.
 */
export function bundleAgent(sources: string): Readonly<Record<string, Uint8Array>> {
  // Required by name at run time: esbuild is no part of the package, and must not be bundled into it.
  const esbuild: { readonly buildSync: typeof buildSync } = createRequire(import.meta.url)('esbuild');
  const programs: Readonly<Record<string, BuildOptions>> = JSON.parse(
    readFileSync(join(sources, 'src/agent/bundle.json'), 'utf8'),
  );
  return Object.fromEntries(
    Object.entries(programs).map(([name, options]) => {
      const { outputFiles } = esbuild.buildSync({ ...options, absWorkingDir: sources, write: false });
      const [file] = outputFiles ?? [];
      if (file === undefined) throw new Error(`esbuild made no file of ${name}`);
      return [name, file.contents];
    }),
  );
}
