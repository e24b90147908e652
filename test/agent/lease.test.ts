import { describe, expect, test } from 'vitest';

import { Lease } from '../../src/agent/lease.ts';
import type { LeaseRequest } from '../../src/runtime/agent/agent-session.ts';

const request = (id: string, again = false): LeaseRequest => ({
  id,
  user: id,
  host: 'laptop',
  mark: '',
  command: 'apply',
  since: '2026-01-01T00:00:00.000Z',
  again,
});

function scene() {
  let now = 0;
  const pass = (ms: number) => {
    now += ms;
  };
  return { lease: new Lease(() => now), pass, anna: {}, bob: {} };
}

describe('the lease', () => {
  test('is one’s at a time, and tells the other who, where, since when and at what', () => {
    const { lease, anna, bob } = scene();
    expect(lease.take(request('anna'), anna)).toEqual({ granted: true, idleMs: null });
    expect(lease.goOn('anna', 'shop/app0 stop 1')).toBeNull();
    const { again: _, ...who } = request('anna');
    const holder = { ...who, doing: 'shop/app0 stop 1' };
    expect(lease.take(request('bob'), bob)).toEqual({ granted: false, holder });
    expect(lease.holder()).toEqual(holder);
  });

  test('ends with its connection, and says how long it was free', () => {
    const { lease, pass, anna, bob } = scene();
    lease.take(request('anna'), anna);
    lease.leave(bob);
    expect(lease.holder()).not.toBeNull();
    lease.leave(anna);
    pass(700);
    expect(lease.take(request('bob'), bob)).toEqual({ granted: true, idleMs: 700 });
  });

  test('goes along when it is said again from another connection', () => {
    const { lease, anna, bob } = scene();
    lease.take(request('anna'), anna);
    lease.take(request('anna', true), bob);
    lease.leave(anna);
    expect(lease.holder()?.id).toBe('anna');
    lease.leave(bob);
    expect(lease.holder()).toBeNull();
  });

  test('ends without a word in less than 15 s; words keep it', () => {
    const { lease, pass, anna, bob } = scene();
    lease.take(request('anna'), anna);
    for (let word = 0; word < 5; word += 1) {
      pass(10_000);
      if (word % 2 === 0) expect(lease.goOn('anna', null)).toBeNull();
      else expect(lease.take(request('anna', true), anna)).toMatchObject({ granted: true });
    }
    pass(13_000);
    expect(lease.take(request('bob'), bob)).toMatchObject({ granted: true });
    expect(lease.goOn('anna', null)).toMatchObject({ holder: { id: 'bob' } });
  });

  test('is not had again where somebody else has been, who is gone by now', () => {
    const { lease, pass, anna, bob } = scene();
    lease.take(request('anna'), anna);
    pass(13_000);
    // Nobody else has been: it goes on.
    expect(lease.goOn('anna', null)).toBeNull();
    expect(lease.take(request('anna', true), anna)).toMatchObject({ granted: true });
    pass(13_000);
    lease.take(request('bob'), bob);
    lease.free('bob');
    expect(lease.goOn('anna', null)).toEqual({ holder: null });
    expect(lease.take(request('anna', true), anna)).toEqual({ granted: false, holder: null });
  });

  test('is given back by its holder alone', () => {
    const { lease, anna } = scene();
    lease.take(request('anna'), anna);
    lease.free('bob');
    expect(lease.holder()?.id).toBe('anna');
    lease.free('anna');
    expect(lease.holder()).toBeNull();
  });

  test('is taken away from who was meant, who does not get it back', () => {
    const { lease, anna } = scene();
    lease.take(request('anna'), anna);
    expect(lease.unlock('bob')).toBe(false);
    expect(lease.unlock('anna')).toBe(true);
    expect(lease.goOn('anna', null)).toEqual({ holder: null });
    expect(lease.take(request('anna', true), anna)).toEqual({ granted: false, holder: null });
    expect(lease.unlock('anna')).toBe(false);
  });
});
