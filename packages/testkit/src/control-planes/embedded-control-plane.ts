import { join } from "node:path";
import { freePort } from "../processes/free-port.ts";
import { LoggedProcess } from "../processes/logged-process.ts";
import { testkitProgram } from "../processes/source-program.ts";
import type { TestControlPlane, TestControlPlaneOptions } from "./test-control-plane.ts";

export interface EmbeddedProgramOptions {
  readonly stateDirectory: string;
  readonly port: number;
  readonly nodeNames: readonly string[];
}

export interface EmbeddedProgramReport {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly kubeletClientCaPath: string;
  readonly nodeKubeconfigs: Readonly<Record<string, string>>;
}

/** Starts the embedded control plane in a process of its own; its log is `control-plane.log` in the directory. */
export async function startEmbeddedControlPlane(options: TestControlPlaneOptions): Promise<TestControlPlane> {
  const start = async (port: number) => {
    const program: EmbeddedProgramOptions = {
      stateDirectory: join(options.directory, "control-plane"),
      port,
      nodeNames: options.nodeNames,
    };
    const child = await LoggedProcess.start({
      name: "embedded control plane",
      logPath: join(options.directory, "control-plane.log"),
      ...testkitProgram("control-planes/embedded-program", JSON.stringify(program)),
    });
    const report = await child.line("that it is ready", (line) =>
      line.startsWith("{") ? (JSON.parse(line) as EmbeddedProgramReport) : undefined,
    );
    return { child, report };
  };
  let { child, report } = await start(await freePort());
  return {
    name: "embedded",
    url: report.url,
    adminKubeconfig: report.kubeconfigPath,
    kubeletClientCaPath: report.kubeletClientCaPath,
    async nodeKubeconfig(nodeName) {
      const path = report.nodeKubeconfigs[nodeName];
      if (path === undefined)
        throw new Error(`Cannot make a kubeconfig for node "${nodeName}": it is not among nodeNames`);
      return path;
    },
    async restart(whileDown) {
      await child.stop("SIGKILL");
      await whileDown?.();
      ({ child, report } = await start(Number(new URL(report.url).port)));
    },
    describeLogs: () =>
      `--- embedded control plane: ${child.running ? "running" : "has ended"}; the end of its log\n${child.tail(20)}`,
    async [Symbol.asyncDispose]() {
      await child.stop();
    },
  };
}
