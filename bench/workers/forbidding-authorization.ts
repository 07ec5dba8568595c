/** An authorization server whose replies must not be cached, so each request is a miss. */
export default {
  fetch: () => new Response("", { headers: { "cache-control": "no-store" } }),
} satisfies ExportedHandler;
