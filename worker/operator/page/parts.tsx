import type { IsolateSnapshot } from "../../../durable/memory/isolate.ts";
import type { Finding } from "../findings.ts";
import { agoText, bytesText, clockText, isoText } from "./format.ts";
import { STATE_WORDS, type State } from "./view.ts";

/** A time of day in UTC; the script shows the browser's own time in its place. */
export function Time({ atMs, nowMs }: { atMs: number; nowMs: number }) {
  return <time datetime={isoText(atMs)}>{clockText(atMs, nowMs)}</time>;
}

export function Ago({ atMs, nowMs }: { atMs: number; nowMs: number }) {
  return (
    <time class="ago" datetime={isoText(atMs)} title={clockText(atMs, nowMs, true)}>
      {agoText(atMs, nowMs)}
    </time>
  );
}

export function StateMark({ state }: { state: State }) {
  return <span class={`state ${state}`}>{STATE_WORDS[state]}</span>;
}

/** What is wrong, worst first; what concerns one service stands together. */
export function Findings({
  findings,
  serviceHref,
}: {
  findings: readonly Finding[];
  serviceHref?: (name: string) => string;
}) {
  return (
    <ul class="findings">
      {byService(findings).map(([first, ...others]) => (
        <li>
          <p class="who">
            <span class={`state ${first.severity}`}>{first.severity}</span>{" "}
            {first.service !== null && serviceHref !== undefined && (
              <a href={serviceHref(first.service)}>{first.service}</a>
            )}
          </p>
          <div>
            {[first, ...others].map(({ severity, code, text, todo }) => (
              <div class={severity} data-code={code}>
                <p>
                  <WithCode text={text} />
                </p>
                <p class="todo">
                  <WithCode text={todo} />
                </p>
              </div>
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** A text in which names of options and events stand between backticks. */
function WithCode({ text }: { text: string }) {
  return (
    <>
      {text
        .split("`")
        .map((part, index, { length }) => (index % 2 === 1 && index < length - 1 ? <code>{part}</code> : part))}
    </>
  );
}

type FindingsOfOne = readonly [Finding, ...Finding[]];

/** In the order of their first findings. */
function byService(findings: readonly Finding[]): FindingsOfOne[] {
  const groups = new Map<string | null, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const group = groups.get(finding.service);
    if (group === undefined) groups.set(finding.service, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}

/** Share of a bar, in thousandths. */
function part(bytes: number, ofBytes: number): number {
  return ofBytes > 0 ? Math.round((1_000 * Math.min(Math.max(bytes, 0), ofBytes)) / ofBytes) : 0;
}

/** How much of the allocated memory is needed; the bar's length is the share of the largest service. */
export function MemoryBar({ allocated, required, largest }: { allocated: number; required: number; largest: number }) {
  return (
    <svg class="memory-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="allocated" width={part(allocated, largest)} height="10" />
      <rect class="required" width={part(Math.min(required, allocated), largest)} height="10" />
    </svg>
  );
}

/** Isolates shown at once. */
const SHOWN = 3;

/**
 * Memory of the isolates, the fullest first. Beyond the hard mark requests wait; at 128 MB the platform resets every object.
 */
export function Isolates({ isolates }: { isolates: readonly IsolateSnapshot[] }) {
  const fullestFirst = isolates.toSorted((a, b) => b.budget.heldBytes - a.budget.heldBytes);
  const others = fullestFirst.slice(SHOWN);
  return (
    <>
      {fullestFirst.slice(0, SHOWN).map((isolate) => (
        <IsolateBar isolate={isolate} />
      ))}
      {others.length > 0 && (
        <details>
          <summary>
            {String(others.length)} more, each with less than {bytesText(fullestFirst[SHOWN - 1]!.budget.heldBytes)}
          </summary>
          {others.map((isolate) => (
            <IsolateBar isolate={isolate} />
          ))}
        </details>
      )}
    </>
  );
}

const PLATFORM_BYTES = 128 * 1_048_576;

function IsolateBar({ isolate }: { isolate: IsolateSnapshot }) {
  const { live, retired, unclaimed, budget, peakBytes } = isolate;
  const releasedBytes = retired.bytes + unclaimed.bytes;
  const { highBytes, hardBytes } = budget;
  const all = Math.max(PLATFORM_BYTES, hardBytes);
  const freeBytes = Math.max(0, hardBytes - live.bytes - releasedBytes);
  const at = part(live.bytes, all);
  const label = `live ${bytesText(live.bytes)}, retired ${bytesText(releasedBytes)}, free ${bytesText(freeBytes)} of ${bytesText(hardBytes)}`;
  return (
    <figure class="isolate">
      <svg viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label={label}>
        <rect class="free" y="4" width="1000" height="16" />
        <rect class="live" y="4" width={at} height="16" />
        <rect class="retired" x={at} y="4" width={part(releasedBytes, all)} height="16" />
        <rect class="high" x={part(highBytes, all) - 1} width="2" height="24" />
        <rect class="hard" x={part(hardBytes, all) - 1} width="2" height="24" />
      </svg>
      <figcaption>
        <span class="key live">live {bytesText(live.bytes)}</span>
        <span class="key retired">retired, not collected yet {bytesText(releasedBytes)}</span>
        <span class="key free">free {bytesText(freeBytes)}</span>
        <span class="key high">high mark {bytesText(highBytes)}</span>
        <span class="key hard">hard mark {bytesText(hardBytes)}</span>
        <span class="quiet">
          at most {bytesText(peakBytes)} so far, {String(budget.members)}{" "}
          {budget.members === 1 ? "service" : "services"}
        </span>
      </figcaption>
    </figure>
  );
}
