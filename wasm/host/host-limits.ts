/**
 * Limits on everything a guest can make the host hold or do. A filter is third-party code that runs on client input.
 * Linear memory has its own maximum; these limits protect the host's side.
 */
export const HOST_LIMITS = {
  /** Linear memory a filter starts with: an isolate's whole limit. With more, the platform ends all objects in it. */
  startMemoryBytes: 128 * 1_024 * 1_024,
  /** Entries of one header map. Otherwise a guest adding headers in a loop would grow the host's heap without bound. */
  headersPerMap: 1_024,
  /** Bytes of names and values of one header map that a guest wrote. Fewer but huge headers do the same harm. */
  headerMapBytes: 256 * 1_024,
  /** Names a guest changed in one header map. Adding and removing new headers all the time keeps the map itself short. */
  changedNamesPerMap: 4_096,
  /** Bytes of these names. */
  changedNameBytes: 1_024 * 1_024,
  /** Bytes of a path, a cluster name or a header name. Creating a string of a gigabyte would throw. */
  textBytes: 8 * 1_024,
  /** Bytes of a shared-data key or a queue name. Filters use whole tokens as keys, and tokens come in headers. */
  keyBytes: 64 * 1_024,
  /** Streams that wait for a decision or for `proxy_done`. A guest that never resumes would pile up every request. */
  openStreams: 8_192,
  /** Streams that wait for `proxy_done`. Beyond this limit the oldest is ended without it. */
  streamsAwaitingDone: 1_024,
  /** Bytes of one body held back for a filter, unless the service sets its own limit. Beyond it: 413 or 500. */
  bodyBytes: 1_024 * 1_024,
  /** The highest limit a service may set. The bytes take up the object's memory and, once read, the filter's too. */
  maximumBodyBytes: 16 * 1_024 * 1_024,
  /**
   * Bytes of all bodies that one filter holds back at once. Otherwise a few dozen slow uploads, each within its own limit,
   * could fill the isolate that all services share. Beyond it: 503.
   */
  heldBodyBytes: 32 * 1_024 * 1_024,
  /** Pending outbound calls of one stream. One request must not flood an authorization server with calls. */
  pendingCallsPerStream: 64,
  /** Pending outbound calls of one instance, including those of `on_tick`. */
  pendingCalls: 8_192,
  /** Bytes of the body of one outbound call. It is copied out of linear memory and held until sent. */
  callBodyBytes: 1_024 * 1_024,
  /**
   * Bytes of all pending or queued outbound calls of one filter: headers, bodies and trailers. Headers count too: they are
   * small, but thousands of calls can be pending.
   */
  pendingCallBytes: 16 * 1_024 * 1_024,
  /**
   * Bytes of a reply's body. An endless one would fill the isolate that all services share. The body is also copied into
   * linear memory, which never shrinks.
   */
  callReplyBodyBytes: 1_024 * 1_024,
  /**
   * Bytes of path and headers of an outbound call. Servers answer longer heads with 431 and close the connection (Node
   * beyond 16 KB, nginx beyond 8 KB per line): a client could make a healthy server look dead.
   */
  callHeadBytes: 12 * 1_024,
  /** Bytes of the body of a local response. It goes from the object to the Worker in one piece. */
  localResponseBodyBytes: 1_024 * 1_024,
  /** Bytes of the details of a local response. Longer ones are cut, since they end up in logs. */
  localResponseDetailsBytes: 1_024,
  /** Bytes of one log line. Longer ones are cut. */
  logLineBytes: 16 * 1_024,
  /** Bytes of log lines of one stream, or of one callback outside a stream. Logs are billed by the byte. */
  logBytesPerRequest: 64 * 1_024,
  /** Bytes of keys and values in the shared data of one VM id. They outlive restarts, so nothing else would free them. */
  sharedDataBytes: 16 * 1_024 * 1_024,
  /** Entries in the shared data of one VM id. A small entry costs more host memory than its own bytes. */
  sharedDataEntries: 65_536,
  /** Shared queues of one service. Nothing else would free their names. */
  sharedQueues: 256,
  /** Messages waiting in one shared queue. A queue that no one empties would grow with every request. */
  queuedMessages: 16_384,
  /** Bytes waiting in all shared queues of one service. They outlive restarts. */
  queuedBytes: 4 * 1_024 * 1_024,
  /** Calls of `on_queue_ready` in a row. A guest that enqueues from it would otherwise block everything else. */
  queueEventsInARow: 1_024,
  /** Metrics of one service. Names built from client input would otherwise add a metric per request. */
  metrics: 1_024,
  /** Bytes of a metric's name. */
  metricNameBytes: 512,
  /** Properties a guest set on one context. */
  propertiesPerContext: 256,
  /** Bytes of all properties a guest set on one context. */
  propertyBytesPerContext: 64 * 1_024,
  /** Bytes of the properties of all contexts of one filter. Thousands of requests may be open at once. */
  propertyBytes: 8 * 1_024 * 1_024,
  /** Bytes of the argument of a foreign function, and of its result. Both are copied. */
  foreignFunctionBytes: 1_024 * 1_024,
  /** Subscriptions of one `poll_oneoff`. Each costs the host a few reads. */
  pollSubscriptions: 1_024,
  /** Lines that are kept to explain a failure of the filter, of all its streams together. */
  keptLogLines: 32,
  /** How many of them stand beside one failure. */
  shownLogLines: 5,
  /** Characters of each of them. */
  keptLogLineLength: 300,
  /** Bytes of one handover chunk. The object is blocked while a chunk is copied. */
  handoverChunkBytes: 64 * 1_024,
  /** Bytes of one `random_get`; also the limit of WASI and Web Crypto. */
  randomBytes: 65_536,
  /** Vectors of one `fd_write`. Each costs the host a read. */
  ioVectors: 1_024,
} as const;
