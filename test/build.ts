import { buildForConfig } from "../scripts/build.ts";
import buildConformanceGuests from "../wasm/host/conformance/guests/build-guests.setup.ts";
import buildWorkerdGuests from "./workerd/guests/guests.setup.ts";

/** Builds the modules that tests import: the built-in filter and the guests. Builds only what its sources outdate. */
await buildForConfig("gateway.config.ts");
await buildConformanceGuests();
await buildWorkerdGuests();
