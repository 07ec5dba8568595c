/** Allows every request, with one header for the upstream. */
export default {
  fetch: () => new Response(null, { headers: { "x-user": "someone" } }),
} satisfies ExportedHandler;
