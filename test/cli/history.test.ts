import { describe, expect, it } from 'vitest';
import { bad, one, ShopScene, withData } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, hangingApply, write } = shop;

/** What differs from run to run. */
function steady(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\dZ)?/g, (time) => (time.endsWith('Z') ? 'SECOND' : 'MINUTE'))
    .replace(/\S+@\S+/g, 'WHO')
    .replace(/ {2,}(?=\S)/g, '  ')
    .replace(/\d+\.\d s/g, 'TIME')
    .replace(/[0-9a-f]{64}/g, 'HASH');
}

describe('history', () => {
  it('lists what was applied, newest first', async () => {
    await applied(one);
    await write(bad);
    expect((await cli('apply', '--yes')).code).toBe(1);
    const { code, stdout } = await cli('history');
    expect(code).toBe(0);
    expect(steady(stdout)).toBe(
      [
        'REVISION  WHEN (UTC)  WHO  DONE  TOOK  RESULT',
        '2  MINUTE  WHO  4/9  TIME  failed',
        '1  MINUTE  WHO  8/8  TIME  done',
        '',
      ].join('\n'),
    );
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows one with its operations, and what failed, without secrets', async () => {
    await applied(one);
    await write(bad);
    await cli('apply', '--yes');
    const { stdout } = await cli('history', '2');
    expect(steady(stdout)).toMatch(/^Revision 2 of stack `shop`: failed after TIME\nSECOND by WHO stackc /);
    expect(stdout).toContain('replace  shop/app0  generation 1 → 2  image');
    expect(stdout).toMatch(/✗ .*shop\/app0 gate 2 .*failed/);
    expect(stdout).toContain('│ no database: (masked)');
    expect(stdout).toContain('taken back: shop/app0');
    const document = await cli('history', '2', '--json');
    expect(document.stdout + stdout).not.toContain('bad-secret');
    expect(JSON.parse(document.stdout)).toMatchObject({
      stack: 'shop',
      revision: 2,
      result: 'failed',
      failed: 1,
      taken_back: ['shop/app0'],
    });
    expect(JSON.parse((await cli('history', '--json')).stdout).revisions).toHaveLength(2);
  });

  it('shows one that was cut off as such, and so do status and plan', async () => {
    await applied(one);
    const before = await cli('status');
    expect(before.stderr).toBe('');
    await write(bad);
    await hangingApply();
    const listed = await cli('history');
    expect(listed.stdout).toMatch(/^2 .* goes on$/m);
    expect((await cli('history', '2')).stdout).toMatch(/^Revision 2 of stack `shop`: goes on$/m);
    expect(JSON.parse((await cli('history', '2', '--json')).stdout)).toMatchObject({
      result: 'goes_on',
      cut_off_at: [],
    });
    const goesOn = await cli('status');
    expect(goesOn.stderr).toMatch(/^apply 2 goes on: .* now at shop\/app0 start 2\n$/);
    const locked = await cli('apply', '--yes');
    expect(locked.code).toBe(75);
    expect(locked.stderr).toMatch(
      /the stack is locked: .* for `stack apply`, now at shop\/app0 start 2; nothing/,
    );
    expect((await cli('unlock')).code).toBe(1);
    expect((await cli('unlock', '--yes')).stderr).toContain('it is free now');
    expect((await cli('unlock', '--yes')).stderr).toContain('nobody holds the lock of stack `shop`');
    const { stdout } = await cli('history');
    expect(stdout).toMatch(/^2 .*cut off at shop\/app0 start 2$/m);
    const status = await cli('status');
    expect(status.stderr).toMatch(/^apply 2 \(.*\) was cut off at shop\/app0 start 2/);
    expect((await cli('plan')).stderr).toBe(status.stderr);
    for (const command of ['plan', 'status']) {
      const document = JSON.parse((await cli(command, '--json')).stdout);
      expect(document.unfinished).toMatchObject({ revision: 2, cut_off_at: ['shop/app0 start 2'] });
    }
    await cli('apply', '--yes');
    expect((await cli('status')).stderr).toMatch(
      /^apply 3 \(.*\) failed: `stack abort` goes back to the revision before, `stack resume` tries it again; .* tells why\n$/,
    );
    await applied(one);
    expect((await cli('status')).stderr).toBe('');
  });

  it('goes on after a destroy that keeps the volumes', async () => {
    await applied(withData);
    await cli('destroy', '--yes');
    const gone = await cli('history');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toBe(
      'error: nothing of stack `shop` runs on this engine any more: it was destroyed, or its containers were removed\nhelp: its history is in the volume `shop.journal`: the next `stack apply` makes the agent that reads it\n',
    );
    await cli('apply', '--yes');
    const { stdout } = await cli('history');
    expect(stdout).toMatch(/^2 .* destroyed$/m);
    expect(stdout).toMatch(/^3 .* done$/m);
  });

  it('says that nothing was applied, or that all of it is gone', async () => {
    const nothing = {
      code: 1,
      stdout: '',
      stderr:
        'error: stack `shop` was never applied on this engine, or was destroyed and its history with it\nhelp: `stack apply` applies it; `--host` and `--context` choose another engine\n',
    };
    await write(one);
    expect(await cli('history')).toEqual(nothing);
    await applied(one);
    await cli('destroy', '--yes');
    expect(await cli('history', '1')).toEqual(nothing);
    expect(await cli('status', '--name', 'shop')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error: nothing of stack `shop` is on this engine\n'),
    });
  });

  it('says whose agent is gone', async () => {
    await applied(one);
    await Promise.all(shop.ofRole('agent').map(({ id }) => shop.memory.removeContainer(id)));
    expect((await cli('history')).stderr).toMatch(
      /^error: the agent of stack `shop`, which reads its history, is not there\nhelp: its history is in the volume `shop.journal`/,
    );
  });

  it.each([
    [['history', '7'], 1, 'has no revision 7 in its journal', 'there are 1 to 1'],
    [['history', 'x'], 64, 'is no revision', '`stack history` lists them'],
    [['history', 'stack.json'], 64, 'is no revision', 'stack history --file stack.json'],
    [['history', '--name', 'tea'], 1, 'nothing of stack `tea` is on this engine', 'shop'],
  ])('%s', async (words, code, message, help) => {
    await applied(one);
    const result = await cli(...words);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(help);
  });
});
