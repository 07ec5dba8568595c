/**
 * The parts of an HTTP exchange that the filter sees. It always sees request headers. A stage that is off is skipped even
 * if the filter exports its callback: SDKs export every callback, used or not, and a body stage costs the body's detour.
 */
export interface Stages {
  readonly requestBody: boolean;
  readonly requestTrailers: boolean;
  readonly responseHeaders: boolean;
  readonly responseBody: boolean;
  readonly responseTrailers: boolean;
}

export interface StreamOptions {
  readonly stages: Stages;
  /**
   * Shows the body while the headers are paused by StopIteration (1), as Higress does, and Envoy with
   * `allow_on_headers_stop_iteration`. Otherwise, as in Envoy by default, body callbacks wait until the headers continue.
   */
  readonly bodyWhileHeadersPaused?: boolean;
  /** Bytes of one body held back for the filter; default and maximum are in `HOST_LIMITS`. */
  readonly bodyLimitBytes?: number;
}

/** Request headers only. */
export const NO_STAGES: Stages = {
  requestBody: false,
  requestTrailers: false,
  responseHeaders: false,
  responseBody: false,
  responseTrailers: false,
};

/** The stages that have a callback. */
export function stagesOf(hasCallback: (name: string) => boolean): Stages {
  return {
    requestBody: hasCallback("proxy_on_request_body"),
    requestTrailers: hasCallback("proxy_on_request_trailers"),
    responseHeaders: hasCallback("proxy_on_response_headers"),
    responseBody: hasCallback("proxy_on_response_body"),
    responseTrailers: hasCallback("proxy_on_response_trailers"),
  };
}
