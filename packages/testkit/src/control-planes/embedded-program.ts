// The embedded control plane as a process of its own, so that a test can end it without grace. Its only argument is the options
// as JSON; when it is ready it prints one line of JSON. It ends on SIGTERM, or when its standard input does.
import { createControlPlane } from "@wherry/control-plane";
import type { EmbeddedProgramOptions, EmbeddedProgramReport } from "./embedded-control-plane.ts";

const options = JSON.parse(process.argv[2] ?? "") as EmbeddedProgramOptions;
const plane = createControlPlane({ stateDirectory: options.stateDirectory, port: options.port });
const stop = () => void plane.stop().then(() => process.exit(0));
process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();

const { url, kubeconfigPath } = await plane.start();
const nodeKubeconfigs: Record<string, string> = {};
for (const name of options.nodeNames) nodeKubeconfigs[name] = await plane.nodeKubeconfig(name);
const report: EmbeddedProgramReport = {
  url,
  kubeconfigPath,
  kubeletClientCaPath: plane.kubeletClientCaPath,
  nodeKubeconfigs,
};
console.log(JSON.stringify(report));
