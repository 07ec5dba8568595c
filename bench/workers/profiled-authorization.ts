/** Allows every token, with a header of `HEADER_BYTES` bytes. */
export default {
  fetch: (_, env) => new Response(null, { headers: { "x-profile": "p".repeat(Number(env.HEADER_BYTES)) } }),
} satisfies ExportedHandler<{ HEADER_BYTES: string }>;
