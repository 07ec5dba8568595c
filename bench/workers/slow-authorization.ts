const CHECK_MS = 200;

/** Allows every token after 200 ms. */
export default {
  async fetch() {
    await scheduler.wait(CHECK_MS);
    return new Response(null, { headers: { "x-user": "someone" } });
  },
} satisfies ExportedHandler;
