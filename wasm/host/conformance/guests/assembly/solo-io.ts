/**
 * As gcoredev.ts, on the SDK of 2020 (ABI 0.2.0, `wasi_unstable`, reference counts), which offers less: no shared data and
 * no bodies.
 */
export * from "@solo-io/proxy-runtime/proxy";

import {
  BaseContext,
  Context,
  continue_request,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  HeaderPair,
  LogLevelValues,
  log,
  RootContext,
  registerRootContext,
  send_local_response,
  stream_context,
  WasmResultValues,
} from "@solo-io/proxy-runtime";

class Root extends RootContext {
  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    log(LogLevelValues.info, "configured: " + this.getConfiguration());
    return true;
  }

  createContext(id: u32): Context {
    return new Stream(id, this);
  }
}

class Stream extends Context {
  constructor(id: u32, root: Root) {
    super(id, root);
  }

  onRequestHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const token = request.get("authorization");
    if (token.length == 0) {
      refuse(401, "no token", "who are you?");
      return FilterHeadersStatusValues.StopIteration;
    }
    request.replace("x-route", request.get(":path"));
    request.remove("x-secret");
    const result = this.root_context.httpCall(
      "auth",
      [header(":method", "POST"), header(":path", "/check"), header(":authority", "auth")],
      String.UTF8.encode(token),
      [],
      1000,
      this,
      (context: BaseContext, headers: u32, _size: usize, _trailers: u32): void => {
        (context as Stream).onReply(headers);
      },
    );
    if (result != WasmResultValues.Ok) refuse(500, "no call", "");
    return FilterHeadersStatusValues.StopIteration;
  }

  onReply(headers: u32): void {
    if (headers == 0) {
      refuse(503, "no reply", "");
      return;
    }
    stream_context.headers.request.add("x-user", stream_context.headers.http_callback.get("x-user"));
    continue_request();
  }

  onResponseHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const response = stream_context.headers.response;
    response.add("x-status", response.get(":status"));
    response.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onLog(): void {
    log(LogLevelValues.info, "stream logged");
  }
}

function header(name: string, value: string): HeaderPair {
  return new HeaderPair(String.UTF8.encode(name), String.UTF8.encode(value));
}

function refuse(status: u32, reason: string, body: string): void {
  send_local_response(
    status,
    reason,
    String.UTF8.encode(body),
    [header("x-why", reason)],
    GrpcStatusValues.Unauthenticated,
  );
}

registerRootContext((id: u32): RootContext => new Root(id), "conformance");
