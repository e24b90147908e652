import type { DesiredContainer, DesiredInstance } from '../../../src/compiler/desired/desired-state.ts';
import type {
  ImageConfig,
  ImageFacts,
  ResolvedInputs,
} from '../../../src/compiler/desired/resolved-inputs.ts';
import { desired, shop } from '../spec/marked.ts';

const config: ImageConfig = {
  entrypoint: [],
  command: [],
  env: [],
  stopSignal: null,
  healthcheck: false,
  exposedPorts: [],
};

/** The image `a:1` as the engine has it. */
export function local(more: Partial<ImageConfig> = {}): Record<string, ImageFacts> {
  return {
    'a:1': {
      kind: 'local',
      id: `sha256:${'ab12'.repeat(16)}`,
      config: { ...config, ...more },
      warning: null,
    },
  };
}

/** One container of a stack. */
export function container(text: string, name: string, more: Partial<ResolvedInputs> = {}): DesiredContainer {
  const found = desired(text, more).containers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** The first instance of `app`, whose keys these are. */
export function app(keys: string, more: Partial<ResolvedInputs> = {}, top = ''): DesiredInstance {
  return container(shop(`app: { deploy: auto, image: "a:1", ${keys} }`, top), 'app', more).template;
}

/** Adds the data volumes `socks` and `data`. */
export const volumes = (text: string) =>
  text.replace('containers:', 'data_volumes: { socks: [/run/socks], data: [/data] }\n    containers:');
