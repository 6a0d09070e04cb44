import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@wherry/base";
import { processEnded } from "@wherry/testkit";
import { providerCompliance, type Workload } from "@wherry/testkit/compliance";
import { commandDirectory, commandPlatform, createCommandProvider } from "../src/command-provider.ts";
import { CommandStore } from "../src/command-store.ts";

function commandOf(workload: Workload): string[] {
  if (workload.kind === "exit") return ["sh", "-c", `exit ${workload.code}`];
  if (workload.kind === "print") return ["printf", "%s\\n", ...workload.lines];
  if (workload.kind === "stubborn") return ["sh", "-c", 'trap "" TERM; while :; do sleep 1; done'];
  return ["sleep", "3600"];
}

providerCompliance("The command provider", async ({ rootDirectory }) => {
  const directory = commandDirectory(rootDirectory);
  const store = new CommandStore(directory, systemClock);
  return {
    provider: (services, { pods }) =>
      createCommandProvider(services, { directory, maxRestartDelayMs: pods.maxRestartDelayMs }),
    platform: { ...commandPlatform, taints: [] },
    container: (workload) => ({ image: "command", command: commandOf(workload) }),
    async kill(podUid, container) {
      for (const { running, exit, ...instance } of await store.instances(podUid)) {
        if (instance.container !== container || running === undefined || exit !== undefined) continue;
        process.kill(running.command.pid, "SIGKILL");
        await processEnded(running.command.pid);
      }
    },
    refused: { hostname: "another" },
    leftovers: () => processesOf(directory),
    async [Symbol.asyncDispose]() {
      for (const uid of await store.pods()) await store.remove(uid);
    },
  };
});

/** Supervisors of a directory, and commands that run in it. */
function processesOf(directory: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const workingDirectory = readlinkSync(join("/proc", pid, "cwd"));
      return (
        workingDirectory.startsWith(directory) ||
        readFileSync(join("/proc", pid, "cmdline"), "utf8").includes(directory)
      );
    } catch {
      return false;
    }
  });
}
