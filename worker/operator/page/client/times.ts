const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dateAndTime = new Intl.DateTimeFormat(undefined, {
  ...{ year: "numeric", month: "short", day: "numeric" },
  ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
});
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** Shows the browser's own time in place of UTC. How long ago something was stays as it is. */
export function showLocalTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll("time")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title = precise.format(date);
    if (!element.classList.contains("ago")) element.textContent = localTime(date);
  }
}

const withSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

export function preciseTime(date: Date): string {
  return withSeconds.format(date);
}

export function localTime(date: Date): string {
  return date.toDateString() === new Date().toDateString() ? time.format(date) : dateAndTime.format(date);
}
