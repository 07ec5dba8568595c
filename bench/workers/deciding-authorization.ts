/** Allows every token except those that contain `deny`. */
export default {
  fetch: (request: Request) =>
    new Response(null, { status: request.headers.get("authorization")?.includes("deny") ? 403 : 200 }),
} satisfies ExportedHandler;
