import type { RestartPlan } from "../../../../durable/restart/restart-plan.ts";
import type { ActionReport, EdgePurgeReport, RestartReport } from "../../action-report.ts";
import { refusedRestartWords } from "../../code-words.ts";
import type { ActionRequest } from "../../read-action.ts";
import { bytesText, countText, durationText } from "../format.ts";
import { element } from "./dom.ts";

/**
 * The buttons for restart and purge, with their dialogs.
 *
 * @param onDone called after an action succeeded
 */
export function startActions(prefix: string, service: string, onDone: () => void): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog")!.close("cancel"));
  }
  startRestart(prefix, service, onDone);
  startPurge(prefix, service, onDone);
}

function startRestart(prefix: string, service: string, onDone: () => void): void {
  const button = element("restart", HTMLButtonElement);
  const dialog = element("restart-dialog", HTMLDialogElement);
  const plan = element("restart-plan", HTMLElement);
  const confirm = element("restart-confirm", HTMLButtonElement);
  button.hidden = false;
  button.addEventListener("click", async () => {
    plan.textContent = "Asking what it would free and cost…";
    confirm.disabled = true;
    dialog.returnValue = "";
    dialog.showModal();
    const asked = await post<RestartReport>(prefix, "restart", { service, dryRun: true });
    if (!asked.ok) {
      plan.textContent = asked.message;
      return;
    }
    const { outcome } = asked;
    const found = "plan" in outcome ? outcome.plan : null;
    plan.textContent = found === null ? sentence(refusedRestartWords("not_running")) : planText(found);
    confirm.disabled = found === null;
    if (found !== null && dialog.open) confirm.focus();
  });
  dialog.addEventListener("close", async () => {
    button.focus();
    if (dialog.returnValue !== "confirm") return;
    say("Restarting…");
    const done = await post<RestartReport>(prefix, "restart", { service });
    if (!done.ok) return say(done.message, true);
    const { outcome } = done;
    if ("restarted" in outcome && outcome.restarted) {
      say("Restarted.");
      onDone();
    } else say(`Not restarted: ${"why" in outcome ? refusedRestartWords(outcome.why) : "no answer"}.`, true);
  });
}

function planText({ handover, allocatedBytes, freedBytes, growsBackToBytes, extraCalls }: RestartPlan): string {
  const calls = Math.round(extraCalls);
  const cost = calls === 0 ? "no extra call" : `about ${countText(calls)} extra ${calls === 1 ? "call" : "calls"}`;
  const kept = handover ? "Live decisions are handed over" : "The cache starts empty";
  return `It frees ${bytesText(freedBytes)} of ${bytesText(allocatedBytes)} at once, and is expected to grow back to ${bytesText(growsBackToBytes)}. ${kept}; it costs ${cost} to the authorization server.`;
}

function startPurge(prefix: string, service: string, onDone: () => void): void {
  const button = element("purge", HTMLButtonElement);
  const dialog = element("purge-dialog", HTMLDialogElement);
  const input = element("purge-credential", HTMLInputElement);
  const meaning = element("purge-meaning", HTMLElement);
  const confirm = element("purge-confirm", HTMLButtonElement);
  const explain = () => {
    const isAll = input.value.trim() === "";
    meaning.textContent = isAll
      ? `Every cached decision of ${service} is dropped: the next requests all ask the authorization server.`
      : "The decisions for this credential are dropped; its next request asks the authorization server.";
    confirm.textContent = isAll ? "Purge all" : "Purge this credential";
  };
  button.hidden = false;
  input.addEventListener("input", explain);
  button.addEventListener("click", () => {
    input.value = "";
    explain();
    dialog.returnValue = "";
    dialog.showModal();
    input.focus();
  });
  dialog.addEventListener("close", async () => {
    button.focus();
    const credential = input.value.trim();
    // A secret must not stay in the page.
    input.value = "";
    if (dialog.returnValue !== "confirm") return;
    say("Purging…");
    const done = await post<EdgePurgeReport>(
      prefix,
      "purge",
      credential === "" ? { service } : { service, credential },
    );
    if (!done.ok) return say(done.message, true);
    say(purgedText(done.outcome));
    onDone();
  });
}

function purgedText({ purged, stored, edgeTtlMs, verifiedForMs }: EdgePurgeReport): string {
  const dropped =
    purged === null
      ? "The filter cannot purge, so it was replaced"
      : `${countText(purged)} ${purged === 1 ? "decision" : "decisions"} dropped from memory`;
  const longestMs = Math.max(edgeTtlMs ?? 0, verifiedForMs ?? 0);
  const elsewhere =
    longestMs > 0 ? ` Other isolates of the Worker may use what they keep for ${durationText(longestMs)} more.` : "";
  return `Purged: ${dropped}${stored ? ", and those in storage" : ""}.${elsewhere}`;
}

type Posted<Outcome> =
  | { readonly ok: true; readonly outcome: Outcome }
  | { readonly ok: false; readonly message: string };

/** The outcome of an action for one service. Never rejects. */
async function post<Outcome>(
  prefix: string,
  action: "restart" | "purge",
  body: ActionRequest,
): Promise<Posted<Outcome>> {
  try {
    const response = await fetch(`${prefix}/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status === 401) return { ok: false, message: "Your session has ended: reload the page to sign in." };
    const answer = (await response.json()) as Partial<ActionReport<Outcome>> &
      Partial<Record<"error" | "message", string>>;
    const outcome = Object.entries(answer.services ?? {}).find(([name]) => name === body.service)?.[1];
    if (outcome === undefined) {
      return { ok: false, message: `Refused: ${answer.message ?? answer.error ?? response.status}` };
    }
    if (isError(outcome)) return { ok: false, message: `It failed: ${outcome.error}` };
    return { ok: true, outcome: outcome as Outcome };
  } catch {
    return { ok: false, message: "The gateway cannot be reached; nothing is known of the outcome." };
  }
}

function isError(outcome: unknown): outcome is { readonly error: string } {
  return typeof outcome === "object" && outcome !== null && "error" in outcome;
}

function say(text: string, isProblem = false): void {
  const outcome = element("outcome", HTMLElement);
  outcome.classList.toggle("problem", isProblem);
  outcome.textContent = text;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
