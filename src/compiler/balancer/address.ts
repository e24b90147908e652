/** Where a balancer listens, or finds a server. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  /** `host` is empty or `*` for any; `port` is null where none is written, or not as one number. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number | null }
  /** Abstract sockets, inherited descriptors, variables: nothing that the verdict can compare. */
  | { readonly kind: 'other'; readonly text: string };

/** Whether a host must be looked up: it is no address. A variable counts as a name. */
export function isName(host: string): boolean {
  return host !== '' && host !== '*' && !host.includes(':') && !/^\d+(\.\d+){3}$/.test(host);
}

/** `host:port`, `[::1]:80`, `:80`; the last colon parts them. Without one everything is the host. */
export function tcpAddress(text: string): Address {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    return { kind: 'tcp', host: bracketed[1] ?? '', port: portOf(bracketed[2] ?? '') };
  }
  const colon = text.lastIndexOf(':');
  if (colon === -1) return { kind: 'tcp', host: text, port: null };
  return { kind: 'tcp', host: text.slice(0, colon), port: portOf(text.slice(colon + 1)) };
}

function portOf(text: string): number | null {
  return /^\d{1,5}$/.test(text) ? Number(text) : null;
}
