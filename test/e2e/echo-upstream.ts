/** Sends the request's body back while it is still arriving. */
export default {
  fetch: (request) => new Response(request.body ?? "no body"),
} satisfies ExportedHandler;
