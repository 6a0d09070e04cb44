import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLogger, type LogEntry } from "@wherry/base";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestControlPlane } from "../../testkit/src/control-planes/start-test-control-plane.ts";
import type { TestControlPlane } from "../../testkit/src/control-planes/test-control-plane.ts";
import { createClient, createReflector, type KubernetesClient, loadClusterConfig, resources } from "../src/index.ts";

const { configMaps } = resources;
const namespace = "default";
const count = 250;

let directory: string;
let plane: TestControlPlane;
let client: KubernetesClient;

// 25 MB, more than a server keeps unread for one watcher.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-large-collection-"));
  plane = await startTestControlPlane({ directory, nodeNames: [] });
  client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
  for (let index = 0; index < count; index++)
    await client.create(configMaps, {
      metadata: { name: `big-${index}`, namespace, labels: { big: "yes" } },
      data: { text: "x".repeat(100_000) },
    });
});

afterAll(async () => {
  await client?.close();
  await plane?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test.each([true, false])("Reflector copies 250 config maps of 100 kB, by watch-list %s", async (watchList) => {
  const log: LogEntry[] = [];
  const logger = createLogger((entry) => void log.push(entry), "info");
  const reflector = createReflector(client, configMaps, { namespace, labelSelector: "big=yes", watchList, logger });
  const stop = new AbortController();
  const ended = reflector.run(stop.signal);
  await reflector.ready;
  expect(reflector.store.size).toBe(count);
  const changed = Promise.withResolvers<string | undefined>();
  reflector.onChange((change) => change.type === "updated" && changed.resolve(change.object.data?.["text"]));
  await client.patch(configMaps, "big-7", { data: { text: `new ${watchList}` } }, { namespace, type: "merge" });
  expect(await changed.promise).toBe(`new ${watchList}`);
  // Had anything failed on the way, it would stand there.
  expect(log).toEqual([]);
  stop.abort();
  await ended;
});
