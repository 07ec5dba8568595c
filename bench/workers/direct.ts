/** The baseline: a Worker that only passes the request on. */
export default {
  fetch: (request, env) => env.UPSTREAM.fetch(request),
} satisfies ExportedHandler<{ UPSTREAM: Fetcher }>;
