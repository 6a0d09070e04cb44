// Started by the tests as a process of its own, to be killed: an engine that creates hosts and says so on standard output.
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
  const host = await engine.createHost({ id: `pod-${index}` });
  await host.createGuest({
    id: "main",
    modulePath,
    args: ["guest"],
    env: {},
    mounts: [],
    logPath: `${directory}/pod-${index}.log`,
    stdin: false,
    stdinOnce: false,
    workingDir: "",
  });
  await host.startGuest("main");
  pids.push(host.pid);
}
process.stdout.write(`${JSON.stringify(pids)}\n`);
