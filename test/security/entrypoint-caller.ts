import { AuthorizationCalls, ServiceObject } from "./gateway.ts";

export { AuthorizationCalls, ServiceObject };

interface Call {
  readonly props: unknown;
  readonly url: string;
  readonly init: RequestInit;
}

/** Calls the gateway's entrypoint as another Worker that binds it could: with any properties and any request. */
export default {
  async fetch(request, _env, ctx) {
    const { props, url, init } = await request.json<Call>();
    const exports = ctx.exports as unknown as { AuthorizationCalls: (options: { props: unknown }) => Fetcher };
    try {
      return new Response(await (await exports.AuthorizationCalls({ props }).fetch(url, init)).text());
    } catch (error) {
      return new Response(String(error));
    }
  },
} satisfies ExportedHandler;
