/**
 * Options in two parts, which dockerode's types do not know. Given flat, it sends everything twice: in the body, and in
 * the URL, where proxies log it; environment variables must never be there.
 */
export interface SplitOptions<Query, Body> {
  readonly _query?: Query;
  readonly _body?: Body;
}

type Values = Readonly<Record<string, unknown>>;

declare module 'dockerode' {
  interface ContainerCreateOptions extends SplitOptions<Values, Values> {}
  interface ContainerStopOptions extends SplitOptions<Values, Values> {}
  interface ContainerWaitOptions extends SplitOptions<Values, Values> {}
  interface VolumeCreateOptions extends SplitOptions<Values, Values> {}
}
