import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@wherry/base";
import {
  eventually,
  LoggedProcess,
  nodeAddress,
  processEnded,
  startEmbeddedControlPlane,
  startTestControlPlane,
  type TestControlPlane,
} from "@wherry/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findKubectl, type Kubectl, kubectlOf } from "../../../packages/cli/test/peers/kubectl.ts";
import { commandDirectory } from "../src/command-provider.ts";
import { type CommandInstance, CommandStore } from "../src/command-store.ts";

const program = findKubectl();
if (program === undefined) console.warn("Skipping kubectl: neither KUBEBUILDER_ASSETS nor WHERRY_KUBECTL is set");

const main = join(import.meta.dirname, "../src/main.ts");
const manifest = join(import.meta.dirname, "../pod.yaml");

describe.skipIf(program === undefined).each(["embedded", "configured"] as const)(
  "kubectl and the command provider on the %s control plane",
  (kind) => {
    let directory: string;
    let plane: TestControlPlane;
    let node: LoggedProcess;
    let kubectl: Kubectl;
    let store: CommandStore;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "wherry-commands-"));
      const startPlane = kind === "embedded" ? startEmbeddedControlPlane : startTestControlPlane;
      plane = await startPlane({ directory, nodeNames: ["commands"], controllers: true });
      store = new CommandStore(commandDirectory(join(directory, "root")), systemClock);
      kubectl = kubectlOf(program!, { directory, plane });
      await startNode();
      await kubectl(["wait", "--for=condition=Ready", "node/commands", "--timeout=60s"]);
      await eventually("The default service account", async () =>
        (await kubectl(["get", "serviceaccount", "default", "-o", "name"])).includes("default"),
      );
    });
    afterAll(async () => {
      await node?.stop();
      for (const uid of (await store?.pods()) ?? []) await store.remove(uid);
      await plane?.[Symbol.asyncDispose]();
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    });
    afterEach(({ task }) => {
      if (task.result?.state === "fail" && node !== undefined) console.log(node.tail(30));
    });

    async function startNode(): Promise<void> {
      const config = join(directory, "config.json");
      const document = {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: nodeAddress(),
        port: 0,
        healthzPort: 0,
        authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
        crashLoopBackOff: { maxContainerRestartPeriod: "1s" },
      };
      await writeFile(config, JSON.stringify(document));
      node = await LoggedProcess.start({
        name: "command node",
        logPath: join(directory, "node.log"),
        command: process.execPath,
        args: [
          "--conditions=@wherry/source",
          main,
          `--kubeconfig=${await plane.nodeKubeconfig("commands")}`,
          `--config=${config}`,
          `--root-dir=${join(directory, "root")}`,
          `--node-ip=${nodeAddress()}`,
        ],
      });
      await node.line("that the node is registered", (line) => (line.includes("is registered") ? true : undefined));
    }

    function pod(name: string, command: readonly string[], spec: object = {}): string {
      return JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name },
        spec: {
          nodeName: "commands",
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 2,
          containers: [{ name: "main", image: "command", command }],
          ...spec,
        },
      });
    }

    async function instanceOf(name: string): Promise<CommandInstance> {
      const uid = await kubectl(["get", "pod", name, "-o", "jsonpath={.metadata.uid}"]);
      const [newest] = await store.instances(uid);
      if (newest === undefined) throw new Error(`Pod "${name}" has no instance`);
      return newest;
    }

    test("the example's pod runs, is logged, described and deleted", async () => {
      await kubectl(["apply", "-f", "-"], await readFile(manifest, "utf8"));
      await kubectl(["wait", "--for=condition=Ready", "pod/ticker", "--timeout=30s"]);
      await eventually("The first lines", async () =>
        /^ticking on commands\n.+\n/.test(await kubectl(["logs", "ticker"])),
      );
      expect(await kubectl(["get", "pod", "ticker", "-o", "wide"])).toMatch(/ticker +1\/1 +Running +0 .* commands /);
      const described = await kubectl(["describe", "pod", "ticker"]);
      expect(described).toMatch(/Container ID: +command:\/\//);
      for (const reason of ["Created", "Started"]) expect(described).toMatch(new RegExp(`Normal +${reason} `));
      const { running } = await instanceOf("ticker");
      expect(await kubectl(["delete", "pod", "ticker"])).toMatch(/pod "ticker" deleted/);
      await processEnded(running?.command.pid ?? 0);
    });

    test("logs -f ends with the command, and its exit code is told", async () => {
      await kubectl(
        ["apply", "-f", "-"],
        pod("fails", ["sh", "-c", "echo one; echo two >&2; sleep 1; echo three; exit 7"]),
      );
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Running", "pod/fails", "--timeout=30s"]);
      const lines = (await kubectl(["logs", "-f", "fails"])).trimEnd().split("\n");
      expect(lines.toSorted()).toEqual(["one", "three", "two"]);
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/fails", "--timeout=30s"]);
      expect(await kubectl(["describe", "pod", "fails"])).toMatch(/Exit Code: +7/);
    });

    test("a command that keeps failing backs off, and one that cannot be started says why", async () => {
      await kubectl(
        ["apply", "-f", "-"],
        pod("crashing", ["sh", "-c", "echo once more; exit 1"], { restartPolicy: "Always" }),
      );
      await kubectl(["apply", "-f", "-"], pod("nowhere", ["/no/such/program"]));
      await kubectl([
        "wait",
        "--for=jsonpath={.status.containerStatuses[0].restartCount}=2",
        "pod/crashing",
        "--timeout=30s",
      ]);
      const reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}";
      await kubectl(["wait", `--for=${reason}=CrashLoopBackOff`, "pod/crashing", "--timeout=30s"]);
      expect(await kubectl(["logs", "crashing", "--previous"])).toBe("once more\n");
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/nowhere", "--timeout=30s"]);
      expect(await kubectl(["describe", "pod", "nowhere"])).toMatch(
        /Reason: +StartError\s+Message: +spawn \/no\/such\/program ENOENT/,
      );
      await kubectl(["delete", "pod", "crashing", "nowhere"]);
    });

    test("what it cannot do is refused, and describe says what and why", async () => {
      await kubectl(["apply", "-f", "-"], pod("refused", ["true"], { hostname: "another" }));
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/refused", "--timeout=30s"]);
      expect(await kubectl(["describe", "pod", "refused"])).toMatch(
        /UnsupportedField.*spec\.hostname: a local command/s,
      );
    });

    test("commands outlive a kubelet that is killed, and what ended meanwhile is told", async () => {
      await kubectl(["apply", "-f", "-"], pod("lives", ["sleep", "3600"]));
      await kubectl(["apply", "-f", "-"], pod("ends", ["sleep", "3600"]));
      await kubectl(["wait", "--for=condition=Ready", "pod/lives", "pod/ends", "--timeout=30s"]);
      const id = "jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].state}";
      const before = await kubectl(["get", "pod", "lives", "-o", id]);
      const ends = (await instanceOf("ends")).running?.command.pid ?? 0;
      await node.stop("SIGKILL");
      process.kill(ends, "SIGKILL");
      await processEnded(ends);
      await startNode();
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/ends", "--timeout=30s"]);
      expect(await kubectl(["describe", "pod", "ends"])).toMatch(/Exit Code: +137/);
      expect(await kubectl(["get", "pod", "lives", "-o", id])).toBe(before);
      const { running } = await instanceOf("lives");
      await kubectl(["delete", "pod", "lives", "--grace-period=1"]);
      await processEnded(running?.command.pid ?? 0);
    });
  },
);
