import { describe, expect, test } from "vitest";
import { welcome } from "./welcome.ts";

describe("the text that npm start prints", () => {
  test("has a line to copy for each outcome, and the address of the stats", () => {
    const text = welcome({ port: 9000, fast: false, verbose: false });
    expect(text).toContain("curl -i -H 'Authorization: Bearer demo-alice' http://localhost:9000/orders/1");
    expect(text).toContain("curl -i -H 'Authorization: Bearer demo-revoked-bob' http://localhost:9000/orders/1");
    expect(text).toContain("curl -i http://localhost:9000/orders/1");
    expect(text).toContain("http://localhost:9000/stats");
  });

  test("sends traffic to the port it serves", () => {
    expect(welcome({ port: 9000, fast: false, verbose: false })).toContain("PORT=9000 npm run traffic");
    expect(welcome({ port: 8787, fast: false, verbose: false })).not.toContain("PORT=");
  });

  test("suggests --fast only if it is not set", () => {
    expect(welcome({ port: 8787, fast: false, verbose: false })).toContain("npm start -- --fast");
    expect(welcome({ port: 8787, fast: true, verbose: false })).not.toContain("--fast");
  });
});
