/**
 * Bounds on everything a guest can make the host hold or do. A filter is code of somebody else that runs on what clients
 * send; linear memory has its own maximum, these bound the host's side of it.
 */
export const HOST_LIMITS = {
  /** Linear memory a filter starts with: an isolate's whole share. With more the platform ends all objects in it. */
  startMemoryBytes: 128 * 1_024 * 1_024,
  /** Entries of one header map. A guest adding headers in a loop would otherwise grow the host's heap without end. */
  headersPerMap: 1_024,
  /** Bytes of names and values of one header map that a guest wrote. Fewer but huge headers do the same harm. */
  headerMapBytes: 256 * 1_024,
  /** Names a guest changed in one header map. One that adds and removes ever new headers leaves the map as short as ever. */
  changedNamesPerMap: 4_096,
  /** Bytes of these names. */
  changedNameBytes: 1_024 * 1_024,
  /** Bytes of a path, a cluster's or a header's name. A string of a gigabyte cannot even be made: it throws. */
  textBytes: 8 * 1_024,
  /** Bytes of a key of shared data or a queue's name. Filters take whole tokens for keys, and tokens come in headers. */
  keyBytes: 64 * 1_024,
  /** Streams that wait for a decision or for `proxy_done`. A guest that never resumes would collect every request. */
  openStreams: 8_192,
  /** Streams that wait for `proxy_done`; beyond it the oldest is ended without. */
  streamsAwaitingDone: 1_024,
  /** Bytes of one body that are held back for a filter, where the service sets no limit of its own: 413 or 500 beyond. */
  bodyBytes: 1_024 * 1_024,
  /** The most that a service may set; the bytes stand in the object's memory and, once read, in the filter's too. */
  maximumBodyBytes: 16 * 1_024 * 1_024,
  /**
   * Bytes of all bodies that one filter holds back at once. Each within its own limit, a few dozen slow uploads would
   * otherwise fill the isolate that all services share: 503 beyond.
   */
  heldBodyBytes: 32 * 1_024 * 1_024,
  /** Http calls one stream may have under way. One request must not fan out into a flood on an authorization server. */
  pendingCallsPerStream: 64,
  /** Http calls one instance may have under way, those of `on_tick` included. */
  pendingCalls: 8_192,
  /** Bytes of the body of one outbound call; it is copied out of linear memory and held until it is sent. */
  callBodyBytes: 1_024 * 1_024,
  /**
   * Bytes of all outbound calls of one filter that are under way or wait for their place: headers, bodies and trailers. A
   * map is small beside a body, and thousands of calls can be under way.
   */
  pendingCallBytes: 16 * 1_024 * 1_024,
  /**
   * Bytes of the body of a reply. An endless one would fill the isolate that all services share, and all of it is copied
   * into linear memory, which never shrinks again.
   */
  callReplyBodyBytes: 1_024 * 1_024,
  /**
   * Bytes of path and headers of a call. Servers answer longer heads with 431 and then cut the connection (Node beyond
   * 16 KB, nginx 8 KB a line): a client could make a server look dead that is not.
   */
  callHeadBytes: 12 * 1_024,
  /** Bytes of the body of a local response; it travels from the object to the Worker in one piece. */
  localResponseBodyBytes: 1_024 * 1_024,
  /** Bytes of the details of a local response; longer ones are cut, they end up in logs. */
  localResponseDetailsBytes: 1_024,
  /** Bytes of one log line; longer ones are cut. */
  logLineBytes: 16 * 1_024,
  /** Bytes of log lines of one stream, or of one callback outside a stream; logs are paid for by the byte. */
  logBytesPerRequest: 64 * 1_024,
  /** Bytes of keys and values of the shared data of one VM id; they outlive restarts, so nothing else would free them. */
  sharedDataBytes: 16 * 1_024 * 1_024,
  /** Entries of the shared data of one VM id; a small entry costs more host memory than its own bytes. */
  sharedDataEntries: 65_536,
  /** Shared queues of one service; each has a name that nothing else would free. */
  sharedQueues: 256,
  /** Messages waiting in one shared queue. One that nobody empties would grow with every request. */
  queuedMessages: 16_384,
  /** Bytes waiting in all shared queues of one service; they outlive restarts. */
  queuedBytes: 4 * 1_024 * 1_024,
  /** Calls of `on_queue_ready` in a row. A guest that enqueues from it would otherwise keep all others from running. */
  queueEventsInARow: 1_024,
  /** Metrics of one service. A name made from a client's input would otherwise add a metric for each request. */
  metrics: 1_024,
  /** Bytes of a metric's name. */
  metricNameBytes: 512,
  /** Properties a guest set on one context. */
  propertiesPerContext: 256,
  /** Bytes of all properties a guest set on one context. */
  propertyBytesPerContext: 64 * 1_024,
  /** Bytes of the properties of all contexts of one filter: thousands of requests may be open at once. */
  propertyBytes: 8 * 1_024 * 1_024,
  /** Bytes of one chunk of a handover; so much is copied at a time, and the object is held for as long. */
  handoverChunkBytes: 64 * 1_024,
  /** Bytes of one `random_get`: WASI and Web Crypto draw the same line. */
  randomBytes: 65_536,
  /** Vectors of one `fd_write`; each costs the host a read. */
  ioVectors: 1_024,
} as const;
