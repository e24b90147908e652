import { describe, expect, it } from 'vitest';

import { one, ShopScene, type Version } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, write } = shop;

const hand = (max: number): Version => ({ ...one, count: 2, app: { scale: { min: 1, max } } });
const ids = () => shop.ofRole('instance').map(({ id }) => id);

describe('an apply that touches nothing', () => {
  it('writes down what is scaled by, and says so before', async () => {
    await applied(hand(3));
    const before = ids();
    await write(hand(5));
    const planned = await cli('plan', '--detailed-exitcode');
    expect(planned).toMatchObject({ code: 2 });
    expect(planned.stdout).toMatch(/^Nothing to touch: \d+ unchanged\.$/m);
    expect(planned.stdout).toMatch(/^To write down: deploy\.\S+\.containers\.app\.scale\.max\.$/m);
    const { noted, summary } = JSON.parse((await cli('--json', 'plan')).stdout) as {
      noted: unknown;
      summary: { pending: number };
    };
    expect([noted, summary.pending]).toEqual([[expect.stringMatching(/scale\.max$/)], 1]);

    expect((await cli('apply')).stderr).toContain('nothing was changed');
    const ran = await cli('apply', '--yes');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ids()).toEqual(before);
    expect((await cli('plan', '--detailed-exitcode')).code).toBe(0);
    expect((await cli('plan')).stdout).toMatch(/^Nothing to do: /m);
    expect(await cli('scale', '--name', 'shop', '--yes', 'app=5')).toMatchObject({ code: 0 });
    expect((await cli('plan')).stdout).toMatch(/^Nothing to do: /m);
  });

  it('lets all be scaled again after an apply of a part', async () => {
    const web = { web: { deploy: 'auto', image: 'app:1', startup_time: 0.01 } };
    await applied({ ...hand(5), more: web });
    await write({ ...hand(5), image: 'app:2', more: web });
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    const refused = await cli('scale', '--name', 'shop', '--yes', 'app=3');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('was of a part of it: nothing is scaled until one is of all of it');
    const planned = await cli('plan');
    expect(planned.stdout).toContain('To write down: all of the file: the last apply');
    expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
    expect(await cli('scale', '--name', 'shop', '--yes', 'app=3')).toMatchObject({ code: 0 });
  });

  it('is gone back from', async () => {
    await applied(hand(3));
    await applied(hand(5));
    expect(await cli('rollback', '--name', 'shop', '--yes')).toMatchObject({ code: 0 });
    expect((await cli('scale', '--name', 'shop', '--yes', 'app=5')).stderr).toContain('1 to 3 instances');
  });

  it('leaves alone what is held', async () => {
    const held = (env: Record<string, string>): Version => ({
      ...hand(3),
      more: { tool: { deploy: 'manual', image: 'app:1', startup_time: 0.01, env } },
    });
    await write(held({}));
    expect(await cli('apply', '--yes', '--include', 'tool')).toMatchObject({ code: 0 });
    await write(held({ A: '1' }));
    const planned = await cli('plan', '--detailed-exitcode');
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toContain('hold');
    expect(planned.stdout).not.toContain('To write down');
  });

  it('has nothing to write down where nobody goes by it', async () => {
    await applied(one);
    await write({ ...one, app: { monitor: 3 } });
    expect((await cli('plan', '--detailed-exitcode')).code).toBe(0);
    expect((await cli('apply', '--yes')).stdout).toMatch(/^Nothing to do: /m);
  });
});
