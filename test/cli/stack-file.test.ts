import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { stack } from '../support/cli.ts';

interface Problem {
  readonly code: string;
  readonly span: { readonly start: { readonly line: number; readonly column: number } };
}

async function problemsOf(text: string): Promise<readonly string[]> {
  const { stdout } = await stack(['validate', '--json', '-'], { cwd: tmpdir(), input: text });
  const { diagnostics }: { readonly diagnostics: readonly Problem[] } = JSON.parse(stdout);
  return diagnostics.map(({ code, span }) => `${code} ${span.start.line}:${span.start.column}`);
}

const container = (keys: string) => `deploy:\n  shop:\n    containers:\n      app: { ${keys} }\n`;
const top = (text: string) =>
  `deploy: { shop: { containers: { app: { deploy: auto, image: "a:1" } } } }\n${text}\n`;

test.each([
  ['no image', container('deploy: auto'), ['STK203 4:7']],
  ['a misspelt image', container('deploy: auto, imgae: a'), ['STK201 4:28']],
  ['a misspelt deploy', container('deplyo: auto, image: "a:1"'), ['STK201 4:14']],
  ['a misspelt cron', container('deploy: cron, image: "a:1", corn: "1 2 * * *"'), ['STK201 4:42']],
  ['a misspelt top', 'deplyo: { shop: { containers: {} } }\nname: shop\n', ['STK201 1:1']],
  ['no deploy', 'name: shop\n', ['STK203 1:1']],
  ['an empty file of an object', '{}', ['STK203 1:1']],
  ['an empty list of variables', container('deploy: auto, image: "a:1", env:'), ['STK202 4:47']],
  ['an empty mode', container('image: "a:1", deploy:'), ['STK204 4:36']],
  ['a number that is none', container('deploy: auto, image: "a:1", containers: many'), ['STK204 4:54']],
  ['a count from outside', container('deploy: auto, image: "a:1", containers: "%{env:N}"'), ['STK204 4:54']],
  ['a secret of two sources', top('secrets: { A: { env: A, file: a } }'), ['STK206 2:25']],
  ['a secret of no source', top('secrets: { A: {} }'), ['STK203 2:12']],
  ['a secret that is no object', top('secrets: { A: 5 }'), ['STK202 2:15']],
  ['credentials that are no object', top('docker: { registries: { r.io: 5 } }'), ['STK202 2:31']],
])('%s is told once', async (_title, text, problems) => {
  expect(await problemsOf(text)).toEqual(problems);
});

test('problems of the meaning stand beside those of the shape', async () => {
  expect(await problemsOf(container('deploy: auto, image: "a:1", links: [b], prot: 80'))).toEqual([
    'STK305 4:50',
    'STK201 4:54',
  ]);
});
