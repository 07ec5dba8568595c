interface Env {
  readonly KEY_SET: string;
}

/** An issuer's key set. */
export default {
  fetch: (_, { KEY_SET }) => new Response(KEY_SET, { headers: { "content-type": "application/json" } }),
} satisfies ExportedHandler<Env>;
