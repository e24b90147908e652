import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { attach, changes, starts } from './contract/attach.ts';
import { containerFacts, containerLife } from './contract/containers.ts';
import { execs } from './contract/execs.ts';
import { files } from './contract/files.ts';
import { logs, waits } from './contract/output.ts';
import { hostPorts, images, networks, volumes } from './contract/resources.ts';
import { ContractScene, type ContractSubject } from './contract/scene.ts';

/** What every `Engine` does, however it does it. */
export function engineContract(open: () => Promise<ContractSubject>): void {
  const scene = new ContractScene();
  beforeAll(async () => scene.open(await open()), 120_000);
  afterAll(() => scene.close(), 60_000);

  describe('containers', () => {
    containerLife(scene);
    containerFacts(scene);
  });
  describe('files', () => files(scene));
  describe('wait', () => waits(scene));
  describe('attach', () => attach(scene));
  describe('starts', () => starts(scene));
  describe('changes', () => changes(scene));
  describe('logs', () => logs(scene));
  describe('networks', () => networks(scene));
  describe('volumes', () => volumes(scene));
  describe('ports', () => hostPorts(scene));
  describe('exec', () => execs(scene));
  describe('images', () => images(scene));

  it('tells about itself', async () => {
    const facts = await scene.engine.facts();
    expect(facts.apiVersion).toMatch(/^1\.\d+$/);
    expect(facts.host).not.toBe('');
    expect(facts.logDriver).not.toBe('');
  });
}
