import { describe, expect, test } from 'vitest';
import type { InstanceSpec } from '../../../src/compiler/desired/instance-spec.ts';
import type { ObservedContainer } from '../../../src/compiler/observed/observed-state.ts';
import { compare } from '../../../src/compiler/reconcile/compare.ts';
import { desiredState, settled } from '../../support/desired.ts';

describe('the application’s own network', () => {
  const difference = (spec: Partial<InstanceSpec>, change: Partial<ObservedContainer>) => {
    const desired = desiredState([{ name: 'app', spec }]);
    const [container] = desired.containers;
    const [current] = settled(desired).containers;
    if (container === undefined || current === undefined) throw new Error('no container');
    return compare(container, container.template, { ...current, ...change });
  };

  test('a container that somebody took off it is replaced: connected again, it would lack its links', () => {
    expect(difference({}, { networks: {} })).toMatchObject({
      replace: [{ kind: 'drift', field: 'network shop', from: null, to: 'connected' }],
      update: [],
    });
  });

  test.each<[string, Partial<InstanceSpec>, ObservedContainer['networks']]>([
    ['one that is on it', {}, { shop: [] }],
    ['one in the network of the host', { network: 'host' }, { host: [] }],
    ['one without a network', { network: 'none' }, { none: [] }],
  ])('%s is as it should be', (_, spec, networks) => {
    expect(difference(spec, { networks })).toMatchObject({ replace: [], update: [] });
  });
});
