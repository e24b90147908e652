import assert from 'node:assert/strict';

import { renderDiagnostics } from '../../../src/cli/render/diagnostic.ts';
import { planJson } from '../../../src/cli/render/plan-json.ts';
import { renderPlan } from '../../../src/cli/render/plan.ts';
import { requirements } from '../../../src/compiler/desired/requirements.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import type { ImageFacts, ResolvedInputs } from '../../../src/compiler/desired/resolved-inputs.ts';
import type { Compiled, Diagnostic } from '../../../src/compiler/diagnostic.ts';
import { NOTHING_OBSERVED } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { checkShape } from '../../../src/compiler/shape/check-shape.ts';
import { decode } from '../../../src/compiler/source/decode.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import type { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { complete, draft, stackNameOf } from '../../../src/compiler/spec/compile.ts';
import type { StackSpec } from '../../../src/compiler/spec/stack-spec.ts';
import { withVerdicts } from '../../../src/compiler/verdict/with-verdicts.ts';
import { plainRequest } from '../../support/desired.ts';

/** What a text came to. */
export type Came = 'plan' | 'diagnostics';

const IMAGE: ImageFacts = {
  kind: 'local',
  id: `sha256:${'1'.repeat(64)}`,
  config: {
    entrypoint: [],
    command: ['serve'],
    env: ['PATH=/bin'],
    stopSignal: null,
    healthcheck: false,
    exposedPorts: ['80/tcp'],
  },
  warning: null,
};

/** The way of a stack file from its bytes to a plan that is shown, as the commands take it; what is outside of it is made up. */
export function wholeWay(path: string, bytes: Uint8Array): Came {
  const source = decode(path, bytes);
  if (!source.ok) return told(source.diagnostics, null);
  const document = parse(source.value);
  if (!document.ok) return told(document.diagnostics, source.value);
  stackNameOf(document.value, {});
  const shape = checkShape(document.value);
  const compiled = complete(draft(document.value));
  if (!compiled.ok) return told([...shape, ...compiled.diagnostics], source.value);
  if (shape.some(({ severity }) => severity === 'error')) return told(shape, source.value);
  return plan(compiled.value, source.value);
}

function plan(spec: StackSpec, source: SourceFile): Came {
  for (const inputs of [known(spec), unknown(spec)]) {
    const desired = resolve(spec, inputs);
    if (!desired.ok) return told(desired.diagnostics, source);
    const planned: Compiled<Plan> = reconcile(desired.value, NOTHING_OBSERVED, plainRequest);
    if (!planned.ok) return told(planned.diagnostics, source);
    const judged = withVerdicts(planned.value, {
      desired: desired.value,
      observed: NOTHING_OBSERVED,
      times: new Map(),
    });
    assert.notEqual(renderPlan(judged, { color: false, verbose: true, width: 80 }), '');
    assert.match(JSON.stringify(planJson(judged, judged.warnings, source.path)), /format_version/);
  }
  return 'plan';
}

function told(diagnostics: readonly Diagnostic[], source: SourceFile | null): Came {
  assert.notEqual(diagnostics.length, 0);
  assert.notEqual(renderDiagnostics(diagnostics, source, { color: false, width: 80 }), '');
  return 'diagnostics';
}

function known(spec: StackSpec): ResolvedInputs {
  const first = requirements(spec, {});
  const files = Object.fromEntries(
    first.files.map((name) => [name, { bytes: new TextEncoder().encode('%{app_name} %{env:A}\n') }]),
  );
  const asked = requirements(spec, { files });
  const host = { name: 'host', publicIp: '192.0.2.1', logDriver: 'json-file' };
  const env = Object.fromEntries(asked.env.map((name) => [name, 'value']));
  const secrets = Object.fromEntries(asked.secrets.map((name) => [name, { value: 'secret' }]));
  const content = { digest: 'ab'.repeat(32), files: 1, bytes: 1 };
  const builds = Object.fromEntries(
    requirements(spec, { files, env, secrets, host }).builds.map(({ key }) => [key, content]),
  );
  const outside = { files, env, secrets, host, dataMounts: {}, builds };
  const images = Object.fromEntries(
    requirements(spec, outside).images.map(({ reference }) => [reference, IMAGE]),
  );
  return { ...outside, images };
}

/** Nothing is to be had. */
function unknown(spec: StackSpec): ResolvedInputs {
  const { images, secrets, files, builds } = requirements(spec, {});
  const error = { error: 'cannot be had' };
  return {
    images: Object.fromEntries(images.map(({ reference }) => [reference, { kind: 'unknown' }])),
    env: {},
    secrets: Object.fromEntries(secrets.map((name) => [name, error])),
    host: null,
    dataMounts: {},
    files: Object.fromEntries(files.map((name) => [name, error])),
    builds: Object.fromEntries(builds.map(({ key }) => [key, error])),
  };
}
