import { element } from "./dom.ts";

const PROBLEMS: Readonly<Record<number, string>> = {
  401: "This token does not open the page.",
  403: "Signing in is not possible from here.",
  429: "Too many wrong tokens. Wait a minute, then try again.",
  503: "The operator token of this gateway is not usable; the log says why.",
};

/** Sends the form without leaving the page, so that a refusal can be shown beside it. */
export function startSignIn(): void {
  const form = document.getElementById("sign-in");
  if (!(form instanceof HTMLFormElement)) return;
  const outcome = element("sign-in-outcome", HTMLElement);
  const token = element("token", HTMLInputElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    outcome.classList.remove("problem");
    outcome.textContent = "Signing in…";
    try {
      const fields = new URLSearchParams();
      for (const [name, value] of new FormData(form)) fields.set(name, String(value));
      // A redirect to the page is the sign of success; it must not be followed as a request for data.
      const response = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
      if (response.type === "opaqueredirect") {
        location.reload();
        return;
      }
      outcome.textContent = PROBLEMS[response.status] ?? `The gateway answered ${response.status}.`;
    } catch {
      outcome.textContent = "The gateway cannot be reached.";
    }
    outcome.classList.add("problem");
    token.select();
  });
}
