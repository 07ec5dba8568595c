import { startFilter } from "./filter-rows.ts";
import { startRenewing } from "./renew.ts";
import { startServicePage } from "./service-page.ts";
import { startSignIn } from "./sign-in.ts";
import { showLocalTimes } from "./times.ts";

/** Each part looks for its own elements, and does nothing on a page without them. */
showLocalTimes(document);
startRenewing(startFilter());
startServicePage();
startSignIn();
