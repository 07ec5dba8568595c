import { sleep } from "../runtime/async.ts";

export const LIVE = {
  /** Between two reports. */
  intervalMs: 2_000,
  /** After this time the stream ends; whoever still reads asks again. */
  maxMs: 30 * 60_000,
  /** Streams of one object at once. */
  maxStreams: 16,
} as const;

const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store" };

/** Server-sent events with the figures of one service, for as long as somebody reads them. A reader keeps the object in memory. */
export class LiveStreams {
  #open = 0;

  /** @param read the figures as they are now */
  response(read: () => Promise<unknown>): Response {
    if (this.#open >= LIVE.maxStreams) return new Response("too many live streams\n", { status: 429 });
    this.#open += 1;
    const encoder = new TextEncoder();
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.#open -= 1;
      isOver = true;
    };
    let lastsMs = LIVE.maxMs;
    let isFirst = true;
    const body = new ReadableStream<Uint8Array>({
      // Called when there is room: a reader that is slow gets fewer reports, and none pile up.
      pull: async (controller) => {
        if (!isFirst) await sleep(LIVE.intervalMs);
        isFirst = false;
        if (isOver) return;
        lastsMs -= LIVE.intervalMs;
        try {
          if (lastsMs < 0) throw new Error("over");
          controller.enqueue(encoder.encode(`event: report\ndata: ${JSON.stringify(await read())}\n\n`));
        } catch {
          end();
          controller.close();
        }
      },
      cancel: end,
    });
    return new Response(body, { headers: HEADERS });
  }
}
