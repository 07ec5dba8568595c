import type { Gateway } from "../../../config/index.ts";
import type { SignInState } from "../sign-in.ts";
import { prefersHtml } from "./accept.ts";
import { htmlResponse } from "./html-response.ts";
import { NotHerePage, NoticePage, SignInPage } from "./sign-in.tsx";

/**
 * What a browser sees in place of the page that it may not see; undefined for a request that is no browser's, or not for the page.
 * Nothing in it says anything of the gateway's state.
 *
 * @param refusal as a script gets it
 */
export function pageWithoutAccess(
  request: Request,
  refusal: Response,
  { operator }: Pick<Gateway, "operator">,
  state: SignInState,
): Response | undefined {
  const { prefix } = operator;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.pathname !== prefix || !prefersHtml(request.headers.get("accept")))
    return undefined;
  const { status } = refusal;
  const headers = Object.fromEntries([...refusal.headers].filter(([name]) => PASSED_ON.has(name)));
  if (status === 401 && state === "form") {
    // A browser would ask for a password of its own, and has no such one for this scheme.
    return htmlResponse(<SignInPage prefix={prefix} next={`${prefix}${url.search}`} />, status, headers);
  }
  if (status === 401) {
    return htmlResponse(<NotHerePage prefix={prefix} operatorHost={operator.host} />, status, headers);
  }
  const reason = refusal.headers.get("x-ebb-reason") ?? "";
  return htmlResponse(
    <NoticePage prefix={prefix} title={TITLES[reason] ?? "Not here"} text={TEXTS[reason] ?? reason} />,
    status,
    headers,
  );
}

const PASSED_ON: ReadonlySet<string> = new Set(["x-ebb-reason", "retry-after", "www-authenticate"]);

const TITLES: Readonly<Record<string, string>> = {
  cross_site_request: "You came from another site",
  too_many_attempts: "Wait a moment",
  not_this_machine: "Only from this machine",
  operator_token_unusable: "The operator token is not usable",
};

const TEXTS: Readonly<Record<string, string>> = {
  cross_site_request: "Links of other sites do not open the page. Follow this one:",
  too_many_attempts: "There were too many wrong tokens from your network. Wait a minute, then reload the page.",
  not_this_machine: "In development the page opens under http://localhost only.",
  operator_token_unusable: "It must have at least 16 characters; the Worker's log says what is wrong with it.",
};
