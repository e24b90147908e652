import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';
import { one, ShopScene, two } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, hanging } = shop;

describe('a destroy that was cut off', () => {
  const GOES_ON = 'error: stack `shop` was being destroyed\nhelp: `stack destroy` goes on with that\n';
  const GONE = 'error: no container of stack `shop` is on this engine: it was never applied here, or';

  it.each<[string, string, string]>([
    ['before the first stop', 'stopContainer shop-app0', GOES_ON],
    ['before the first removal', 'removeContainer shop-app0', GOES_ON],
    ['among what is kept', 'removeContainer shop.revision.1', GOES_ON],
    ['before its agent goes, when its end is written', 'removeContainer shop-agent', GOES_ON],
    ['before its network goes', 'removeNetwork shop', GONE],
    ['before its journal goes', 'removeVolume shop.journal', GONE],
  ])('%s, is told by resume, and gone on with by destroy', async (_, line, told) => {
    await applied(one);
    await applied(two);
    await hanging((call) => call.line === line, 'destroy', '--yes');
    await cli('unlock', '--yes');
    const resumed = await cli('resume', '--yes');
    expect(resumed).toMatchObject({ code: 1 });
    expect(resumed.stderr).toContain(told);
    expect(await cli('destroy', '--yes')).toMatchObject({ code: 0 });
    expect([...shop.memory.containers(), ...shop.memory.volumes()]).toEqual([]);
  });

  it('is told by status, and by abort where nothing is kept by now', async () => {
    await applied(one);
    await hanging((call) => call.line === 'removeContainer shop-agent', 'destroy', '--yes');
    await cli('unlock', '--yes');
    expect((await cli('status', '--name', 'shop')).stderr).toMatch(
      /^destroy 2 \(.*\) was cut off .*: `stack destroy` goes on with it; /,
    );
    expect(await cli('abort', '--yes')).toMatchObject({ code: 1, stderr: GOES_ON });
  });

  it('can be taken back by abort while what it goes back by is kept', async () => {
    await applied(one);
    await hanging((call) => call.line === 'removeContainer shop-app0', 'destroy', '--yes');
    await cli('unlock', '--yes');
    expect((await cli('abort', '--yes')).stderr).toMatch(/^back to revision 1 /);
    expect(await shop.running()).toHaveLength(1);
  });
});

describe('a destroy of what the agent changes meanwhile', () => {
  /** Has the scaler come in between a look at the stack and the lock, so often. */
  async function withScalings(times: number): Promise<readonly number[]> {
    const codes: number[] = [];
    let left = 0;
    shop.useEngine({
      before: async ({ method }) => {
        if (method !== 'listNetworks' || left === 0) return;
        const number = left;
        left = 0;
        codes.push(
          (await cli('scale', '--name', 'shop', '--yes', '--by-agent', `app=${2 - (number % 2)}`)).code,
        );
        left = number - 1;
      },
    });
    await applied({ ...one, app: { scale: { min: 1, max: 3 } } });
    left = times;
    return codes;
  }

  it('is planned again', async () => {
    const codes = await withScalings(2);
    const { code, stderr } = await cli('destroy', '--yes');
    expect(code, stderr).toBe(0);
    expect(codes).toEqual([0, 0]);
    expect(stderr.match(/^planning again$/gm)).toHaveLength(2);
    expect(shop.ofRole('instance')).toEqual([]);
  });

  it('is given up where there is no end of it', async () => {
    const codes = await withScalings(10);
    const { code, stderr } = await cli('destroy', '--yes');
    expect(code, stderr).toBe(75);
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(stderr).toContain('the stack was changed after this plan was made; nothing was done');
    expect(shop.ofRole('instance')).not.toEqual([]);
  });
});

it('a destroy says what was not made by the stack, and how it stays', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'stackc-destroy-'));
  try {
    const engine = memoryEngine({ images: { 'db:1': {}, [agentImage().tag]: {} } });
    const id = await engine.createContainer(plainConfig({ name: 'db0', image: 'db:1' }));
    await engine.startContainer(id);
    const containers = { db: { deploy: 'manual', image: 'db:1' } };
    await writeFile(
      join(cwd, 'stack.json'),
      JSON.stringify({ name: 'shop', deploy: { shop: { containers } } }),
    );
    const where = { cwd, engine };
    expect(await stack(['apply', '--adopt', '--yes'], where)).toMatchObject({ code: 0 });
    const record = `shop.adopted.${id.slice(0, 12)}`;
    const said = `\`db0\` was started outside of the stack, and nothing makes it again; to keep it: \`docker rm ${record}\`, \`docker network disconnect shop db0\`, then \`stack destroy\`\n`;
    const asked = await stack(['destroy'], where);
    expect(asked.stderr).toContain(said);
    await engine.removeContainer(record);
    await engine.disconnectNetwork('shop', id);
    const { code, stderr } = await stack(['destroy', '--yes'], where);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('db0');
    expect(engine.containers().map(({ name }) => name)).toEqual(['db0']);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});
