import { element } from "./dom.ts";
import { localTime, showLocalTimes } from "./times.ts";

/** The object of a busy service tells its figures as often. */
const INTERVAL_MS = 60_000;
/** How often the age is looked at; and the pause between attempts while the gateway cannot be reached. */
const CHECK_MS = 10_000;

/**
 * Renews the overview each minute while the tab is visible, which costs one call to the directory. What the operator has typed, and
 * the focus, stay. If it cannot be renewed, it says since when.
 *
 * @param onRenewed called when the rows are other elements than before
 */
export function startRenewing(onRenewed: () => void): void {
  if (document.getElementById("as-of") === null) return;
  let renewedAtMs = Date.now();
  const renew = async () => {
    const problem = await renewed(onRenewed);
    if (problem === undefined) renewedAtMs = Date.now();
    const line = element("as-of", HTMLElement);
    line.classList.toggle("problem", problem !== undefined);
    // Read out only then: a new time each minute would disturb.
    line.role = problem === undefined ? null : "alert";
    if (problem !== undefined) line.textContent = `as of ${localTime(new Date(renewedAtMs))}: ${problem}`;
  };
  const renewIfOld = () => {
    if (!document.hidden && Date.now() - renewedAtMs >= INTERVAL_MS) void renew();
  };
  setInterval(renewIfOld, CHECK_MS);
  document.addEventListener("visibilitychange", renewIfOld);
}

/** @returns why it was not */
async function renewed(onRenewed: () => void): Promise<string | undefined> {
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (response.status === 401) return "your session has ended, reload the page to sign in";
    if (!response.ok) return `the gateway answered ${response.status}`;
    // Parsed without running anything; the gateway has escaped every text.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const focused = document.activeElement?.getAttribute("href");
    for (const part of document.querySelectorAll("[data-renewed]")) {
      const now = page.getElementById(part.id);
      if (now !== null) part.replaceChildren(...now.childNodes);
    }
    showLocalTimes(document);
    onRenewed();
    if (document.activeElement === document.body && focused !== null && focused !== undefined) {
      document.querySelector<HTMLElement>(`#main a[href="${CSS.escape(focused)}"]`)?.focus();
    }
    return undefined;
  } catch {
    return "the gateway cannot be reached";
  }
}
