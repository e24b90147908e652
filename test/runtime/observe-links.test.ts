import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/compiler/desired/canonical-json.ts';
import { labels } from '../../src/compiler/labels.ts';
import type { ObservedAgent } from '../../src/compiler/observed/observed-state.ts';
import { EngineError, type ContainerSummary, type PathFacts } from '../../src/runtime/engine.ts';
import { observeLinks } from '../../src/runtime/observe-links.ts';
import { desiredState } from '../support/desired.ts';

const agent: ObservedAgent = {
  name: 'shop-agent',
  id: 'id-agent',
  state: 'running',
  spec: canonicalJson({ version: 1, volumes: ['shop-socks-run'] }),
  networks: [],
};

function summaries(change: Partial<ContainerSummary> = {}): readonly ContainerSummary[] {
  const [container] = desiredState([{ name: 'app', socket: true, instances: 2 }]).containers;
  return (container?.instances ?? []).map(({ name, engineName, spec }) => ({
    id: `id-${name}`,
    name: engineName,
    image: 'app:1',
    imageId: 'sha256:1',
    state: 'running',
    status: 'Up 3 minutes',
    labels: { [labels.role]: 'instance', [labels.spec]: canonicalJson(spec) },
    networks: [],
    writes: [],
    createdS: 0,
    ports: [],
    ...change,
  }));
}

async function look(
  answer: (path: string) => PathFacts | null | Promise<never>,
  rows = summaries(),
  agents = [agent],
) {
  const asked: string[] = [];
  const statPath = async (id: string, path: string) => {
    asked.push(`${id} ${path}`);
    return answer(path);
  };
  return { links: await observeLinks({ statPath }, rows, agents), asked };
}

test('asks the engine for each published name and where it leads, through the agent', async () => {
  const { links, asked } = await look((path) =>
    path.endsWith('app0.sock') ? { kind: 'symlink', target: '/stackc/v/shop-socks-run/.shop-app0.1' } : null,
  );
  expect(asked).toEqual([
    'id-agent /stackc/v/shop-socks-run/app0.sock',
    'id-agent /stackc/v/shop-socks-run/app1.sock',
    'id-agent /stackc/v/shop-socks-run/.shop-app0.1',
  ]);
  expect(links).toEqual([
    {
      volume: 'shop-socks-run',
      path: '',
      name: 'app0.sock',
      found: { kind: 'symlink', to: '.shop-app0.1', leads: false },
    },
    { volume: 'shop-socks-run', path: '', name: 'app1.sock', found: { kind: 'nothing' } },
  ]);
});

test('without an agent that mounts the volume it looks through the instance itself', async () => {
  const { asked } = await look(() => null, summaries(), []);
  expect(asked).toEqual(['id-app0 /run/socks/app0.sock', 'id-app1 /run/socks/app1.sock']);
});

describe('asks nothing', () => {
  test.each<[string, readonly ContainerSummary[]]>([
    ['for what does not run', summaries({ state: 'exited' })],
    ['for what has no socket', summaries({ labels: { [labels.role]: 'instance' } })],
    ['for what is no instance', summaries({ labels: { [labels.role]: 'run' } })],
    ['of an empty engine', []],
  ])('%s', async (_, rows) => {
    expect(await look(() => null, rows)).toEqual({ links: [], asked: [] });
  });
});

test('a look that fails is told, and stops nobody', async () => {
  const { links } = await look((path) =>
    path.endsWith('app0.sock')
      ? Promise.reject(new EngineError('timeout', 'look', 'the engine did not answer within 1 s'))
      : { kind: 'directory', target: null },
  );
  expect(links.map(({ found }) => found)).toEqual([
    { kind: 'unknown', why: 'the engine did not answer within 1 s' },
    { kind: 'other', what: 'directory' },
  ]);
});
