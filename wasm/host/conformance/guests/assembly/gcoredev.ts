/**
 * A filter on an SDK that is not ours, that uses as much of it as fits: configuration, headers, an http call, bodies of
 * both ways, shared data, metrics, properties and ticks.
 */
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";

import {
  BaseContext,
  BufferTypeValues,
  Context,
  Counter,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  get_buffer_bytes,
  get_property,
  get_shared_data,
  LogLevelValues,
  log,
  makeHeaderPair,
  RootContext,
  registerRootContext,
  send_http_response,
  set_buffer_bytes,
  set_shared_data,
  set_tick_period_milliseconds,
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  readonly seen: Counter = new Counter("sdk_requests");

  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    log(LogLevelValues.info, "configured: " + this.getConfiguration());
    set_tick_period_milliseconds(500);
    return true;
  }

  onTick(): void {
    log(LogLevelValues.info, "tick");
  }

  createContext(id: u32): Context {
    return new Stream(id, this);
  }
}

class Stream extends Context {
  constructor(
    id: u32,
    private readonly root: Root,
  ) {
    super(id, root);
  }

  onRequestHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatusValues {
    this.root.seen.increment(1);
    const request = stream_context.headers.request;
    const token = request.get("authorization");
    if (token.length == 0) {
      send_http_response(401, "no token", String.UTF8.encode("who are you?"), [makeHeaderPair("x-why", "no token")]);
      return FilterHeadersStatusValues.StopIteration;
    }
    set_shared_data("last", String.UTF8.encode(token));
    request.replace("x-route", String.UTF8.decode(get_property("xds\0route_name")));
    request.remove("x-secret");
    const result = this.root.httpCall(
      "auth",
      [makeHeaderPair(":method", "POST"), makeHeaderPair(":path", "/check"), makeHeaderPair(":authority", "auth")],
      String.UTF8.encode(token),
      [],
      1000,
      this,
      (context: BaseContext, headers: u32, size: usize, _trailers: u32): void => {
        (context as Stream).onReply(headers, <u32>size);
      },
    );
    if (result != WasmResultValues.Ok) send_http_response(500, "no call", new ArrayBuffer(0), []);
    return FilterHeadersStatusValues.StopIteration;
  }

  onReply(headers: u32, size: u32): void {
    if (headers == 0) {
      send_http_response(503, "no reply", new ArrayBuffer(0), []);
      return;
    }
    const body = String.UTF8.decode(get_buffer_bytes(BufferTypeValues.HttpCallResponseBody, 0, size));
    const last = get_shared_data("last");
    stream_context.headers.request.add("x-body", body);
    stream_context.headers.request.add("x-last", String.UTF8.decode(last.value!));
    this.continueRequest();
  }

  onRequestBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    if (!endOfStream) return FilterDataStatusValues.StopIterationAndBuffer;
    const body = String.UTF8.decode(get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, <u32>size));
    set_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, <u32>size, String.UTF8.encode(body.toUpperCase()));
    return FilterDataStatusValues.Continue;
  }

  onResponseHeaders(_count: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const response = stream_context.headers.response;
    response.add("x-status", response.get(":status"));
    response.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseBody(_size: usize, endOfStream: bool): FilterDataStatusValues {
    if (endOfStream) {
      set_buffer_bytes(BufferTypeValues.HttpResponseBody, 0xffff_ffff, 0, String.UTF8.encode(" (seen)"));
    }
    return FilterDataStatusValues.Continue;
  }

  onLog(): void {
    log(LogLevelValues.info, "stream logged");
  }
}

registerRootContext((id: u32): RootContext => new Root(id), "conformance");
