/** An authorization server whose answers may not be kept: each request is a miss. */
export default {
  fetch: () => new Response("", { headers: { "cache-control": "no-store" } }),
} satisfies ExportedHandler;
