import { TestCluster, type TestClusterOptions } from "@wherry/testkit";
import { afterAll, afterEach, beforeAll } from "vitest";

/** One cluster for the tests of a file; the answer gives it once the tests run. A failing test shows the node's log. */
export function sharedCluster(options: TestClusterOptions = {}): () => TestCluster {
  let cluster: TestCluster | undefined;
  beforeAll(async () => {
    cluster = await TestCluster.start(options);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  afterEach(({ task }) => {
    if (task.result?.state === "fail" && cluster !== undefined) console.log(cluster.describeLogs());
  });
  return () => {
    if (cluster === undefined) throw new Error("The cluster has not been started");
    return cluster;
  };
}
