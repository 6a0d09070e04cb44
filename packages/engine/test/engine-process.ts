// Started by the tests as a process of its own, to be killed: an engine that creates sandboxes and says so on standard output.
import { createEngine } from "@wherry/engine";
import { engineOptions } from "./engine-options.ts";

const [directory = "", modulePath = "", count = "0", poolSize = "0"] = process.argv.slice(2);
const engine = createEngine({
  ...engineOptions(directory),
  poolSize: Number(poolSize),
});
void engine.run(new AbortController().signal);
const pids: number[] = [];
for (let index = 0; index < Number(count); index++) {
  const sandbox = await engine.createSandbox({ id: `pod-${index}` });
  await sandbox.createGuest({
    id: "main",
    modulePath,
    args: ["guest"],
    env: {},
    mounts: [],
    sockets: [],
    logPath: `${directory}/pod-${index}.log`,
    stdin: false,
    stdinOnce: false,
    workingDir: "",
  });
  await sandbox.startGuest("main");
  pids.push(sandbox.guestState("main").pid);
}
process.stdout.write(`${JSON.stringify(pids)}\n`);
