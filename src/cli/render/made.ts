import type { MadeContainer } from '../../compiler/plan/plan.ts';
import { restartText } from '../../compiler/reconcile/compare.ts';
import { portText, specSettings } from '../../compiler/reconcile/spec-reasons.ts';
import { shortId } from '../../compiler/short-id.ts';
import { printable, shortDigests } from './text.ts';
import { humanValue } from './value.ts';

/** `app:1 (1a2b3c4d5e6f)`: as the file writes it, and what that is at the moment where it is known. */
export function madeImage({ imageId, spec }: MadeContainer): string {
  const reference = shortDigests(printable(spec.image));
  return imageId === null ? reference : `${reference} (${shortId(imageId)})`;
}

/** What others reach of it or share with it: ports, volumes and networks; empty where there is nothing to say. */
export function madeOutline({ spec }: MadeContainer): readonly string[] {
  const ports = spec.ports.map((port) =>
    port.hostPort === null ? `any:${portText({ ...port, hostIp: null })}` : portText(port),
  );
  const volumes = spec.mounts.map(
    ({ dataVolume, source, target, readOnly }) => `${dataVolume ?? source}:${target}${readOnly ? ':ro' : ''}`,
  );
  const parts = [
    ['ports', ports],
    ['volumes', volumes],
    ['network', spec.network === 'stack' ? [] : [spec.network]],
    ['networks', spec.networks],
  ] as const;
  return parts
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => printable(`${name} ${values.join(', ')}`));
}

/** Everything that is set, one line each. */
export function madeLines({ spec, env }: MadeContainer): readonly string[] {
  return [
    ...specSettings(spec).map(({ field, value }) => `${printable(field)}  ${humanValue(field, value)}`),
    `restart  ${restartText(spec.restart)}`,
    ...env.map(({ name, value }) => `env ${printable(name)}  ${printable(value)}`),
  ];
}
