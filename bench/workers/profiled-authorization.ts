/** Allows every token, with a header of as many bytes as the environment says. */
export default {
  fetch: (_, env) => new Response(null, { headers: { "x-profile": "p".repeat(Number(env.HEADER_BYTES)) } }),
} satisfies ExportedHandler<{ HEADER_BYTES: string }>;
