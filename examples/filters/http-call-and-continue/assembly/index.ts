/**
 * Asks a server about each request. The request is paused until the reply; then it goes on with a header that names the
 * caller, or is refused. Without a reply it is refused.
 *
 * Configuration, one `name=value` per line:
 *   cluster=auth                 the server to ask, as the gateway's `clusters` call it (required)
 *   authority=auth.example.com   its host; default: the cluster's name
 *   path=/check                  default: /check
 *   header=x-user                taken from the reply, set on the request; default: x-user
 */
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";

import {
  BaseContext,
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  log,
  makeHeaderPair,
  RootContext,
  registerRootContext,
  send_http_response,
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const TIMEOUT_MS: u32 = 2_000;

class HttpCallAndContinue extends RootContext {
  cluster: string = "";
  authority: string = "";
  path: string = "/check";
  header: string = "x-user";

  /** Returns false, which refuses to run, instead of guessing the meaning of a mistake. */
  onConfigure(configurationSize: u32): bool {
    if (!super.onConfigure(configurationSize)) return false;
    const lines = this.getConfiguration().split("\n");
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index].trim();
      if (line.length > 0 && !this.set(line)) {
        log(LogLevelValues.error, "configuration: line " + (index + 1).toString() + " is not understood: " + line);
        return false;
      }
    }
    if (this.cluster.length == 0) {
      log(LogLevelValues.error, "configuration: cluster=… is missing");
      return false;
    }
    if (this.authority.length == 0) this.authority = this.cluster;
    return true;
  }

  private set(line: string): bool {
    const equals = line.indexOf("=");
    const name = line.substring(0, equals).trim();
    const value = line.substring(equals + 1).trim();
    if (equals < 1 || value.length == 0) return false;
    if (name == "cluster") this.cluster = value;
    else if (name == "authority") this.authority = value;
    else if (name == "path") this.path = value;
    else if (name == "header") this.header = value.toLowerCase();
    else return false;
    return true;
  }

  createContext(contextId: u32): Context {
    return new RequestContext(contextId, this);
  }
}

class RequestContext extends Context {
  constructor(
    contextId: u32,
    readonly root: HttpCallAndContinue,
  ) {
    super(contextId, root);
  }

  onRequestHeaders(_headerCount: u32, _endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    // Only the server may name the caller.
    request.remove(this.root.header);
    const credential = request.get("authorization");
    if (credential.length == 0) {
      refuse(401, "missing_credential");
      return FilterHeadersStatusValues.StopIteration;
    }
    const result = this.root.httpCall(
      this.root.cluster,
      [
        makeHeaderPair(":method", "GET"),
        makeHeaderPair(":path", this.root.path),
        makeHeaderPair(":authority", this.root.authority),
        makeHeaderPair("authorization", credential),
        makeHeaderPair("x-forwarded-method", request.get(":method")),
        makeHeaderPair("x-forwarded-uri", request.get(":path")),
      ],
      new ArrayBuffer(0),
      [],
      TIMEOUT_MS,
      this,
      // AssemblyScript has no closures: the context comes back as the first parameter.
      (context: BaseContext, headerCount: u32, _bodySize: usize, _trailerCount: u32): void => {
        (context as RequestContext).onReply(headerCount);
      },
    );
    if (result != WasmResultValues.Ok) refuse(503, "authorization_server_unknown");
    return FilterHeadersStatusValues.StopIteration;
  }

  /** The SDK has made this request's context the effective one. A reply without headers means that the call failed. */
  onReply(headerCount: u32): void {
    if (headerCount == 0) return refuse(503, "authorization_server_unreachable");
    const reply = stream_context.headers.http_callback;
    const status = reply.get(":status");
    if (status == "401") return refuse(401, "denied");
    if (status != "200") return refuse(403, "denied");
    const value = reply.get(this.root.header);
    if (value.length > 0) stream_context.headers.request.add(this.root.header, value);
    this.continueRequest();
  }
}

function refuse(status: u32, reason: string): void {
  send_http_response(status, reason, String.UTF8.encode('{"error":"' + reason + '"}'), [
    makeHeaderPair("content-type", "application/json"),
  ]);
}

registerRootContext((contextId: u32): RootContext => new HttpCallAndContinue(contextId), "http-call-and-continue");
