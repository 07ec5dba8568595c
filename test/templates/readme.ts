/** Commands that a README shows. Tests run what a reader would copy. */

export interface ShownCommand {
  /** Of the part of the page. */
  readonly heading: string;
  readonly command: string;
  /** What follows `#` on the line. */
  readonly comment: string | undefined;
}

export function commandsIn(page: string): ShownCommand[] {
  return page.split(/^(?=## )/m).flatMap((part) => {
    const heading = /^## (.*)$/m.exec(part)?.[1] ?? "";
    const blocks = [...part.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text!);
    return blocks.flatMap((text) =>
      text
        .trimEnd()
        .split("\n")
        .map((line): ShownCommand => {
          const [, command, comment] = /^(.*?)(?:\s+# (.*))?$/.exec(line)!;
          return { heading, command: command!, comment };
        }),
    );
  });
}
