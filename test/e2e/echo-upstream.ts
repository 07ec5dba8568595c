/** Sends the request's body back while it still arrives. */
export default {
  fetch: (request) => new Response(request.body ?? "no body"),
} satisfies ExportedHandler;
