const HAPROXY_UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s` or `500` (milliseconds) as haproxy reads it; null for what it would refuse. */
export function haproxyMs(text: string | undefined): number | null {
  const match = /^(\d{1,12})(us|ms|s|m|h|d)?$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * (HAPROXY_UNITS[match[2] ?? 'ms'] ?? 1);
}

const NGINX_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** `60`, `1m30s` or `500ms` as nginx reads it (seconds without a unit); null for what it would refuse. */
export function nginxMs(text: string | undefined): number | null {
  if (text === undefined || !/^(\d{1,9}(ms|[smhdwMy])?\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g)) {
    total += Number(count) * (NGINX_UNITS[unit ?? 's'] ?? 1000);
  }
  return total;
}
