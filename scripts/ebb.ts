#!/usr/bin/env node
/** The package's command: what the repository runs by `npm run`, and the operator's pages of a running gateway. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { PACKAGE_ROOT } from "./called.ts";
import { conclude, print } from "./command-result.ts";
import { operatorCommands } from "./operator/commands.ts";

const { description, version }: { description: string; version: string } = JSON.parse(
  readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8"),
);

const MIN_NODE_MAJOR = 22;

const program = new Command("ebb")
  .description(description)
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError("(--help lists commands and options)");

/** Adds a command that reads its own options and has its own help. Its code is loaded only when it runs. */
function delegate(name: string, summary: string, run: (args: string[]) => Promise<void>): void {
  program
    .command(name)
    .description(summary)
    .usage("[options]")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText("after", `\n\`ebb ${name} --help\` lists its options.`)
    .action(run);
}

delegate("check-config", "checks gateway.config.ts, or another file", async (args) => {
  const { runCheckConfigCommand } = await import("./check-config.ts");
  conclude(await runCheckConfigCommand(args));
});
delegate("filter", "inspects, tries and caps a Proxy-Wasm filter", async (args) => {
  const { runFilterCommand } = await import("./filter.ts");
  conclude(await runFilterCommand(args));
});
delegate("api-key", "makes API keys, and the lines by which the gateway knows them", async (args) => {
  const { runApiKeyCommand } = await import("./api-key.ts");
  conclude(await runApiKeyCommand(args, () => text(process.stdin)));
});
delegate("test", "checks that the gateway decides as a file of tests expects", async (args) => {
  const { runPolicyTests } = await import("./policy-test.ts");
  const result = await runPolicyTests(args);
  print(result);
  process.exitCode = result.exitCode;
});
delegate("traffic", "sends load to a gateway", async (args) => {
  const { runTrafficCommand } = await import("./traffic.ts");
  await runTrafficCommand(args);
});
for (const command of operatorCommands(() => text(process.stdin))) {
  program.addCommand(command.copyInheritedSettings(program));
}

if (Number.parseInt(process.versions.node, 10) < MIN_NODE_MAJOR) {
  conclude({
    ok: false,
    complaint: `ebb needs Node ${MIN_NODE_MAJOR} or newer, as wrangler does; this is ${process.version}.`,
  });
} else {
  await program.parseAsync();
}
