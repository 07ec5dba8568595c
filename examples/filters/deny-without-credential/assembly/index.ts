/**
 * Lets a request pass if it has any credential, and answers 401 to all others. It does not check that the credential is
 * valid: it is an example to start with, not protection.
 *
 * Configuration: header names, one per line; any one of them is enough. Empty: `authorization`.
 */
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";

import {
  Context,
  Counter,
  FilterHeadersStatusValues,
  makeHeaderPair,
  RootContext,
  registerRootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class DenyWithoutCredential extends RootContext {
  readonly headerNames: string[] = [];
  readonly denied: Counter = new Counter("denied_without_credential");

  onConfigure(configurationSize: u32): bool {
    if (!super.onConfigure(configurationSize)) return false;
    const lines = this.getConfiguration().split("\n");
    for (let index = 0; index < lines.length; index++) {
      const name = lines[index].trim().toLowerCase();
      if (name.length > 0) this.headerNames.push(name);
    }
    if (this.headerNames.length == 0) this.headerNames.push("authorization");
    return true;
  }

  createContext(contextId: u32): Context {
    return new RequestContext(contextId, this);
  }
}

class RequestContext extends Context {
  constructor(
    contextId: u32,
    private readonly root: DenyWithoutCredential,
  ) {
    super(contextId, root);
  }

  onRequestHeaders(_headerCount: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const names = this.root.headerNames;
    for (let index = 0; index < names.length; index++) {
      // The SDK returns an empty text for a missing header; an empty credential counts as missing too.
      if (stream_context.headers.request.get(names[index]).length > 0) return FilterHeadersStatusValues.Continue;
    }
    this.root.denied.increment(1);
    send_http_response(401, "missing_credential", String.UTF8.encode('{"error":"missing_credential"}'), [
      makeHeaderPair("content-type", "application/json"),
      makeHeaderPair("www-authenticate", "Bearer"),
    ]);
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((contextId: u32): RootContext => new DenyWithoutCredential(contextId), "deny-without-credential");
