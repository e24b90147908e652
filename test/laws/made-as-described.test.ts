import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SOCKET_HOLE } from '../../src/compiler/desired/desired-state.ts';
import type { DesiredContainer, EnvVar } from '../../src/compiler/desired/desired-state.ts';
import type { InstanceSpec } from '../../src/compiler/desired/instance-spec.ts';
import { labels } from '../../src/compiler/labels.ts';
import { instanceConfig } from '../../src/compiler/plan/instance-config.ts';
import { compare } from '../../src/compiler/reconcile/compare.ts';
import { observe } from '../../src/runtime/observe.ts';
import { desiredState, STACK } from '../support/desired.ts';
import { memoryEngine } from '../support/memory-engine.ts';

const IMAGE = {
  id: `sha256:${'1'.repeat(64)}`,
  config: { command: ['serve'], env: ['LANG=C', 'A=of the image'] },
};

/** Anything a file can hold; no text of it has a NUL byte. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((s) => s.replaceAll('\0', '')),
  fc.constantFrom('', '%{secret:X}', '%%{name}', '$&', '$$', '-l', 'a=b', '"', '\\', '{"a":1}'),
);
const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,6}$/);
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const texts = fc.array(text, { maxLength: 3 });
const record = fc.dictionary(fc.stringMatching(/^[a-z.]{1,6}$/), text, { maxKeys: 3 });
const whole = fc.integer({ min: 1, max: 1 << 30 });

/** A word as it is run and as it is shown. */
const word = fc.oneof(
  text.map((real) => ({ real, shown: real })),
  text.map((real) => ({ real, shown: '%{secret:TOKEN}' })),
  text.map((before) => ({ real: `${before}${SOCKET_HOLE}`, shown: `${before}%{socket}` })),
);
const words = orNull(fc.array(word, { minLength: 1, maxLength: 4 }));

const env: fc.Arbitrary<readonly EnvVar[]> = fc.uniqueArray(
  fc.record({
    name,
    value: fc.oneof(text, fc.constant(SOCKET_HOLE), fc.constant(`unix://${SOCKET_HOLE}`)),
    masked: fc.boolean(),
    tracked: fc.boolean(),
  }),
  { selector: (variable) => variable.name, maxLength: 5 },
);

type Plain = Omit<
  InstanceSpec,
  'version' | 'image' | 'env' | 'maskedEnv' | 'command' | 'entrypoint' | 'hostname' | 'stopSignal' | 'files'
>;

const plain: fc.Arbitrary<Plain> = fc.record({
  user: orNull(text),
  workingDir: orNull(text),
  mounts: fc.array(
    fc.record({
      type: fc.constantFrom('bind', 'volume'),
      source: fc.stringMatching(/^\/?[a-z]{1,6}$/),
      target: fc.stringMatching(/^\/[a-z:]{1,6}$/),
      readOnly: fc.boolean(),
      noCopy: fc.boolean(),
      relabel: fc.constantFrom('shared', 'private', null),
      dataVolume: orNull(text),
    }),
    { maxLength: 3 },
  ),
  ports: fc.array(
    fc.record({
      containerPort: fc.integer({ min: 1, max: 65_535 }),
      hostPort: orNull(fc.integer({ min: 1, max: 65_535 })),
      hostIp: fc.constantFrom(null, '127.0.0.1', '::1'),
      protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    }),
    { maxLength: 2 },
  ),
  network: fc.constantFrom('stack', 'host', 'none'),
  networks: fc
    .uniqueArray(fc.constantFrom('edge', 'monitoring'), { maxLength: 2 })
    .map((list) => list.sort()),
  links: fc.array(fc.record({ alias: text, target: text }), { maxLength: 2 }),
  restart: fc.oneof(
    fc
      .constantFrom<'no' | 'always' | 'unless-stopped'>('no', 'always', 'unless-stopped')
      .map((policy) => ({ name: policy, maxRetries: 0 })),
    fc.nat({ max: 9 }).map((maxRetries) => ({ name: 'on-failure' as const, maxRetries })),
  ),
  socket: orNull(text),
  memory: orNull(whole),
  cpus: orNull(fc.double({ min: 0.01, max: 64, noNaN: true })),
  readOnly: fc.boolean(),
  tmpfs: record,
  capAdd: texts,
  capDrop: texts,
  init: orNull(fc.boolean()),
  ulimits: fc.array(fc.record({ name, soft: fc.integer({ min: -1 }), hard: fc.integer({ min: -1 }) }), {
    maxLength: 2,
  }),
  shmSize: orNull(whole),
  sysctls: record,
  devices: fc.array(
    fc.record({ host: text, container: text, permissions: fc.constantFrom('r', 'rw', 'rwm') }),
    { maxLength: 2 },
  ),
  securityOpt: texts,
  extraHosts: texts,
  labels: record,
  platform: fc.constantFrom(null, 'linux/amd64'),
});

const described: fc.Arbitrary<DesiredContainer> = fc
  .record({ env, command: words, entrypoint: words, plain, hostname: orNull(text), stopSignal: orNull(text) })
  .map((some) => {
    const desired = desiredState([{ name: 'app', socket: true, imageId: IMAGE.id }]);
    const [container] = desired.containers;
    if (container === undefined) throw new Error('no container');
    const { template } = container;
    const { hostname, stopSignal } = some;
    const spec: InstanceSpec = {
      ...template.spec,
      ...some.plain,
      // A container in the network of the host joins no other.
      networks: some.plain.network === 'stack' ? some.plain.networks : [],
      env: some.env.map((variable) => variable.name).sort(),
      maskedEnv: some.env.flatMap((variable) => (variable.masked ? [variable.name] : [])).sort(),
      command: some.command?.map(({ shown }) => shown) ?? null,
      entrypoint: some.entrypoint?.map(({ shown }) => shown) ?? null,
      hostname,
      stopSignal,
    };
    const instance = {
      ...template,
      spec,
      env: some.env,
      command: some.command?.map(({ real }) => real) ?? null,
      entrypoint: some.entrypoint?.map(({ real }) => real) ?? null,
      hostname,
      stopSignal,
    };
    return { ...container, instances: [instance], template: instance };
  });

test('what was made as the file describes it does not differ from the file, whatever the file says', async () => {
  await fc.assert(
    fc.asyncProperty(described, fc.integer({ min: 1, max: 99 }), async (container, generation) => {
      const { template } = container;
      const engine = memoryEngine({ images: { 'app:1': IMAGE } });
      await engine.createNetwork(STACK, { [labels.stack]: STACK });
      const incarnation = { generation, name: template.engineName, imageId: IMAGE.id };
      const id = await engine.createContainer(instanceConfig(STACK, container, template, incarnation));
      for (const network of template.spec.networks) await engine.connectNetwork(network, id, []);
      const { name: policy, maxRetries } = template.spec.restart;
      await engine.updateRestart(id, policy, maxRetries);
      const [current] = (await observe(engine, STACK, [])).containers;
      if (current === undefined) throw new Error('nothing was observed');
      expect(compare(container, template, current)).toMatchObject({ replace: [], update: [], reload: null });
    }),
    { numRuns: 500 },
  );
});
