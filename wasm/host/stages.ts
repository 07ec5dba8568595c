/**
 * Which parts of an HTTP exchange are shown to the filter. Request headers always are. A stage that is off is skipped even
 * if the filter exports its callback: SDKs export every callback, used or not, and a stage that runs costs its body's way.
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
   * Shows the body while the headers are paused by StopIteration (1), as Higress does and as Envoy does with
   * `allow_on_headers_stop_iteration`. Else, as in Envoy by default, no body callback comes before the headers go on.
   */
  readonly bodyWhileHeadersPaused?: boolean;
  /** Bytes of one body that are held back for the filter; default and maximum are in `HOST_LIMITS`. */
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

/** The stages for which there is a callback. */
export function stagesOf(hasCallback: (name: string) => boolean): Stages {
  return {
    requestBody: hasCallback("proxy_on_request_body"),
    requestTrailers: hasCallback("proxy_on_request_trailers"),
    responseHeaders: hasCallback("proxy_on_response_headers"),
    responseBody: hasCallback("proxy_on_response_body"),
    responseTrailers: hasCallback("proxy_on_response_trailers"),
  };
}
