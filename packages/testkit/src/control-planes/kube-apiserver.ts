import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../processes/free-port.ts";
import { eventually, PeerProcess } from "../processes/peer-process.ts";
import type { TestControlPlane, TestControlPlaneOptions } from "./test-control-plane.ts";

const run = promisify(execFile);

/** Directory of real control plane binaries as envtest names it, or the reason why there is none. */
export function kubeBuilderAssets(): { readonly directory: string } | { readonly skip: string } {
  const directory = process.env["KUBEBUILDER_ASSETS"];
  if (directory === undefined || directory === "") return { skip: "KUBEBUILDER_ASSETS is not set" };
  for (const name of ["kube-apiserver", "etcd", "kubectl"]) {
    if (!existsSync(join(directory, name)))
      return { skip: `KUBEBUILDER_ASSETS is "${directory}", which has no ${name}` };
  }
  return { directory };
}

interface Ports {
  readonly api: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

/** Starts etcd and kube-apiserver (and the controllers if wanted) on loopback with Node and RBAC authorizers and NodeRestriction. */
export async function startKubeApiServer(assets: string, options: TestControlPlaneOptions): Promise<TestControlPlane> {
  const directory = join(options.directory, "kube-apiserver");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const ports: Ports = { api: await freePort(), etcd: await freePort(), etcdPeer: await freePort() };
  const tokens = await writeIdentities(directory, options.nodeNames, ports);
  const processes = new Map<string, PeerProcess>();
  const logOf = (name: string) => join(directory, `${name}.log`);
  const start = async (name: string, args: readonly string[], isReady: () => Promise<boolean>) => {
    const started = await PeerProcess.start({
      command: join(assets, name),
      args,
      logPath: logOf(name),
      cwd: directory,
    });
    processes.set(name, started);
    await eventually(`${name} becoming ready`, isReady, undefined, started.ended);
    return started;
  };
  const describeLogs = () =>
    [...processes]
      .map(([name, { ended }]) => {
        const state = ended.aborted ? String((ended.reason as Error).message) : "running";
        return `--- ${name}: ${state}; the end of its log\n${readFileSync(logOf(name), "utf8").slice(-2000)}`;
      })
      .join("\n");
  const stopAll = async () => {
    // Their state goes with the test's directory: nothing is to be saved.
    for (const process of [...processes.values()].reverse()) await process.stop("SIGKILL");
  };
  const url = `https://127.0.0.1:${ports.api}`;
  const adminKubeconfig = join(directory, "admin.kubeconfig");
  const startApiServer = () =>
    start("kube-apiserver", apiServerFlags(directory, ports, options), () => isReady(assets, adminKubeconfig));
  const startController = async (name: string, flags: (port: number) => string[]) => {
    const port = await freePort();
    await start(name, flags(port), () => isHealthy(port));
  };
  try {
    await start("etcd", etcdFlags(directory, ports), async () => true);
    let apiServer = await startApiServer();
    if (options.controllers === true) {
      await startController("kube-controller-manager", (port) =>
        controllerManagerFlags(directory, adminKubeconfig, port, options),
      );
      await startController("kube-scheduler", (port) => schedulerFlags(directory, adminKubeconfig, port));
      await eventually("the default service account", () => hasDefaultServiceAccount(assets, adminKubeconfig));
    }
    return {
      name: "kube-apiserver",
      url,
      adminKubeconfig,
      kubeletClientCaPath: join(directory, "ca.crt"),
      async nodeKubeconfig(nodeName) {
        if (!tokens.has(nodeName))
          throw new Error(`Cannot make a kubeconfig for node "${nodeName}": it is not among nodeNames`);
        return join(directory, `${nodeName}.kubeconfig`);
      },
      async restart(whileDown) {
        await apiServer.stop("SIGKILL");
        await whileDown?.();
        apiServer = await startApiServer();
      },
      describeLogs,
      [Symbol.asyncDispose]: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw new Error(`Cannot start the real control plane:\n${describeLogs()}`, { cause: error });
  }
}

async function isReady(assets: string, kubeconfig: string): Promise<boolean> {
  const { stdout } = await run(join(assets, "kubectl"), ["--kubeconfig", kubeconfig, "get", "--raw", "/readyz"]);
  return stdout === "ok";
}

/** Whether a controller answers at its port of loopback, whose certificate it made itself. */
async function isHealthy(port: number): Promise<boolean> {
  const request = get({ host: "127.0.0.1", port, path: "/healthz", rejectUnauthorized: false, agent: false });
  const [response] = await once(request, "response");
  response.resume();
  return response.statusCode === 200;
}

async function hasDefaultServiceAccount(assets: string, kubeconfig: string): Promise<boolean> {
  const { stdout } = await run(join(assets, "kubectl"), [
    "--kubeconfig",
    kubeconfig,
    "get",
    "serviceaccount",
    "default",
    "-n",
    "default",
    "-o",
    "name",
  ]);
  return stdout.includes("default");
}

async function writeIdentities(directory: string, nodeNames: readonly string[], ports: Ports): Promise<Set<string>> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "3",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test-ca",
  );
  await openssl("genrsa", "-out", "sa.key", "2048");
  await writeFile(join(directory, "apiserver.ext"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  await writeFile(join(directory, "kubelet-client.ext"), "extendedKeyUsage=clientAuth\n");
  const sign = async (name: string, subject: string) => {
    await openssl(
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      subject,
    );
    await openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "3",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
  };
  await sign("apiserver", "/CN=kube-apiserver");
  await sign("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client");
  const rows: string[] = [];
  const identity = async (file: string, user: string, group: string) => {
    const token = randomBytes(16).toString("hex");
    rows.push(`${token},${user},${user},"${group}"`);
    await writeFile(join(directory, `${file}.kubeconfig`), await kubeconfig(directory, user, token, ports), {
      mode: 0o600,
    });
  };
  await identity("admin", "test-admin", "system:masters");
  for (const name of nodeNames) await identity(name, `system:node:${name}`, "system:nodes");
  await writeFile(join(directory, "tokens.csv"), `${rows.join("\n")}\n`, { mode: 0o600 });
  return new Set(nodeNames);
}

async function kubeconfig(directory: string, user: string, token: string, ports: Ports): Promise<string> {
  const authority = await readFile(join(directory, "ca.crt"));
  const cluster = {
    server: `https://127.0.0.1:${ports.api}`,
    "certificate-authority-data": authority.toString("base64"),
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user } }],
  });
}

function etcdFlags(directory: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    "--data-dir",
    join(directory, "etcd"),
    "--log-level",
    "error",
    "--unsafe-no-fsync",
    "--listen-client-urls",
    client,
    "--advertise-client-urls",
    client,
    "--listen-peer-urls",
    peer,
    "--initial-advertise-peer-urls",
    peer,
    "--initial-cluster",
    `default=${peer}`,
  ];
}

function apiServerFlags(
  directory: string,
  ports: Ports,
  { featureGates = [], certificateApis = false }: Pick<TestControlPlaneOptions, "featureGates" | "certificateApis">,
): string[] {
  return [
    ...featureGates.map((name) => `--feature-gates=${name}=true`),
    ...(certificateApis ? certificateApiFlags : []),
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${ports.api}`,
    `--cert-dir=${join(directory, "certs")}`,
    "--tls-cert-file=apiserver.crt",
    "--tls-private-key-file=apiserver.key",
    "--client-ca-file=ca.crt",
    "--token-auth-file=tokens.csv",
    "--kubelet-client-certificate=kubelet-client.crt",
    "--kubelet-client-key=kubelet-client.key",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-account-key-file=sa.key",
    "--service-account-signing-key-file=sa.key",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--endpoint-reconciler-type=none",
    "--kubelet-preferred-address-types=InternalIP,Hostname",
  ];
}

const certificateApiFlags: readonly string[] = [
  "--feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true",
  `--runtime-config=${["clustertrustbundles", "podcertificaterequests"]
    .map((resource) => `certificates.k8s.io/v1beta1/${resource}=true`)
    .join(",")}`,
];

function controllerManagerFlags(
  directory: string,
  kubeconfigPath: string,
  port: number,
  { withoutControllers = [] }: Pick<TestControlPlaneOptions, "withoutControllers">,
): string[] {
  return [
    `--controllers=${["*", ...withoutControllers.map((name) => `-${name}`)].join(",")}`,
    ...controllerFlags(directory, kubeconfigPath, port),
    "--use-service-account-credentials=true",
    "--root-ca-file=ca.crt",
    "--service-account-private-key-file=sa.key",
  ];
}

function schedulerFlags(directory: string, kubeconfigPath: string, port: number): string[] {
  return controllerFlags(directory, kubeconfigPath, port);
}

function controllerFlags(directory: string, kubeconfigPath: string, port: number): string[] {
  return [
    `--kubeconfig=${kubeconfigPath}`,
    `--authentication-kubeconfig=${kubeconfigPath}`,
    `--authorization-kubeconfig=${kubeconfigPath}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, "certs")}`,
    "--leader-elect=false",
  ];
}
