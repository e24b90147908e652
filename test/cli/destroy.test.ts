import { describe, expect, it } from 'vitest';

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
