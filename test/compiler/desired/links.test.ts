import { describe, expect, test } from 'vitest';
import { desired, shop } from '../spec/marked.ts';
import { container } from './shop.ts';

describe('links and order', () => {
  const text = shop(`
job: { deploy: cron, image: "a:1", cron: { hour: 3, minute: 5, overlap: queue, timeout: 1h }, links: [db], env_from: web }
web: { deploy: auto, image: "a:1", depends_on: [app1], links: ["cache:store"] }
app: { deploy: auto, image: "a:1", containers: 2, links: [db], database: true, migration: bin/migrate }
late: { deploy: auto, image: "a:1", env_from: middle }
middle: { deploy: auto, image: "a:1", env_from: app }
cache: { deploy: auto, image: "a:1", network: stack }
db: { deploy: manual, image: "a:1" }`).replace('containers:', 'database: { host: db }\n    containers:');

  const linksOf = (name: string) =>
    container(text, name).template.spec.links.map((l) => `${l.alias}=${l.target}`);

  test('what is needed comes first, then the written order, cron last', () => {
    const state = desired(text);
    expect(state.containers.map(({ name, after }) => `${name} after ${after.join(' ')}`)).toEqual([
      'db after ',
      'app after shop/db',
      'cache after ',
      'web after shop/app shop/cache',
      'late after ',
      'middle after ',
      'job after shop/db',
    ]);
    expect(state.containers.find(({ name }) => name === 'app')?.migrationGates).toEqual([
      'shop/late',
      'shop/middle',
    ]);
  });

  test('a name leads to an instance', () => {
    expect(linksOf('web')).toEqual(['app1=shop-app1', 'cache=shop-cache0', 'store=shop-cache0']);
    expect(linksOf('app')).toEqual(['db=shop-db0']);
    expect(linksOf('db')).toEqual([]);
  });

  test('a cron container is one instance with its schedule', () => {
    const job = container(text, 'job');
    expect([
      job.instances.length,
      job.job?.spec.schedule,
      job.job?.spec.overlap,
      job.job?.spec.timeoutMs,
    ]).toEqual([1, ['5 3 * * *'], 'queue', 3_600_000]);
    expect(job.template.spec.restart).toEqual({ name: 'no', maxRetries: 0 });
  });

  test('no instances leave the template', () => {
    const none = container(
      shop(
        'app: { deploy: auto, image: "a:1", containers: 0, ports: ["80:80"] }\nb: { deploy: auto, image: "a:1", ports: ["80:80"] }',
      ),
      'app',
    );
    expect([none.instances, none.template.name]).toEqual([[], 'app0']);
  });
});
