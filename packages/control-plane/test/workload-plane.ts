import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedControlPlane, startTestControlPlane, type TestControlPlane } from "@wherry/testkit";
import { ApiClient, type Watch } from "./api-client.ts";
import { FakeKubelet } from "./fake-kubelet.ts";
import { nodeOf } from "./test-plane.ts";

/** A control plane with controllers, the embedded or the real one, and a node that only pretends. */
export interface WorkloadPlane extends AsyncDisposable {
  readonly name: TestControlPlane["name"];
  readonly admin: ApiClient;
  readonly kubelet: FakeKubelet;
  readonly kubeconfigPath: string;
  /** The object at `path` once it `matches`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  until(path: string, matches: (object: any) => boolean): Promise<any>;
}

/** Starts the control plane that this run tests against, or the `embedded` one come what may. */
export async function startWorkloadPlane(which?: "embedded"): Promise<WorkloadPlane> {
  const directory = mkdtempSync(join(tmpdir(), "wherry-workloads-"));
  const start = which === "embedded" ? startEmbeddedControlPlane : startTestControlPlane;
  const plane = await start({ directory, nodeNames: ["n1"], controllers: true });
  const admin = new ApiClient(plane.adminKubeconfig);
  const kubelet = await FakeKubelet.start(admin, nodeOf("n1") as { metadata: { name: string } });
  return {
    name: plane.name,
    admin,
    kubelet,
    kubeconfigPath: plane.adminKubeconfig,
    async until(path, matches) {
      const slash = path.lastIndexOf("/");
      const field = `fieldSelector=metadata.name=${path.slice(slash + 1)}`;
      using watch: Watch = await admin.watch(`${path.slice(0, slash)}?${field}`);
      const { object } = await watch.find((event) => event.type !== "DELETED" && matches(event.object));
      return object;
    },
    async [Symbol.asyncDispose]() {
      await kubelet[Symbol.asyncDispose]();
      await admin[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
