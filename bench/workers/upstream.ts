/** Answers every request with two letters: what remains to be measured is the way to it. */
export default { fetch: () => new Response("ok") } satisfies ExportedHandler;
