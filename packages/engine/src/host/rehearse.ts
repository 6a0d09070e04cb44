import { createPreview1, emptySource } from "@wherry/wasi";
import type { GuestSpec } from "../guest.ts";
import { AttachSessions } from "./attach-sessions.ts";
import { checkModule } from "./load-module.ts";
import { LoopTurns } from "./loop-turns.ts";
import { MountTree } from "./mounts/mount-tree.ts";
import { outputSink } from "./output-sink.ts";
import { wasm } from "./web-assembly.ts";

/** A WASI command that writes the line "x" and sleeps for a nanosecond. */
const moduleBase64 =
  "AGFzbQEAAAABDAJgBH9/f38Bf2AAAAJIAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dyaXRlAAAWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQtwb2xsX29uZW9mZg" +
  "AAAwIBAQUDAQABBxMCBm1lbW9yeQIABl9zdGFydAACCjoBOABBAEEQNgIAQQRBAjYCAEEBQQBBAUEIEAAaQdgAQgE3AwBB0ABBATYCAEHAAEGAAUEBQQgQARoLCwgBAEEQCwJ4Cg==";

const spec: GuestSpec = {
  id: "rehearsal",
  modulePath: "rehearsal",
  args: ["rehearsal"],
  env: {},
  mounts: [],
  sockets: [],
  logPath: "",
  stdin: false,
  stdinOnce: false,
  workingDir: "",
};

/**
 * Runs a small guest to nowhere, so that the code every guest needs is compiled before one is waited for.
 *
 * It takes no more time than the first guest would lose, only earlier: while the process is still in the pool.
 */
export async function rehearse(): Promise<void> {
  const sessions = new AttachSessions(spec);
  const turns = new LoopTurns();
  const preview1 = createPreview1({
    args: spec.args,
    env: spec.env,
    stdin: emptySource,
    stdout: outputSink("stdout", undefined, sessions, turns),
    stderr: outputSink("stderr", undefined, sessions, turns),
    preopens: [{ guestPath: "/", fs: new MountTree([]) }],
  });
  const module = new wasm.Module(Buffer.from(moduleBase64, "base64"));
  checkModule(module, spec.modulePath, preview1.imports);
  await preview1.start(new wasm.Instance(module, preview1.imports));
}
