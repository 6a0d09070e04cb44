import { FakeClock, silentLogger } from "@wherry/base";
import { afterEach, describe, expect, test } from "vitest";
import { UrlPodSource } from "../../../src/pods/static/url-pod-source.ts";

const podOf = (name: string, image = "app:v1") => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "main", image }] },
});
const listOf = (...items: readonly object[]) => JSON.stringify({ apiVersion: "v1", kind: "PodList", items });

describe("UrlPodSource", () => {
  const clock = new FakeClock();
  let abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let answer: string | Error;
  let problems: string[];
  let changes: string[];
  let asked: number;
  let source: UrlPodSource;

  function start(first: string | Error): void {
    abort = new AbortController();
    [answer, problems, changes, asked] = [first, [], [], 0];
    source = new UrlPodSource({
      request: { url: "https://user:secret@manifests.example/pods?token=secret", headers: {} },
      nodeName: "n",
      checkEveryMs: 20_000,
      clock,
      logger: silentLogger,
      onProblem: (message) => void problems.push(message),
      fetch: async () => {
        asked++;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    source.onChange((uid) => void changes.push(uid));
    running = source.run(abort.signal);
  }

  async function look(next: string | Error): Promise<void> {
    answer = next;
    await clock.advance(20_000);
  }

  afterEach(async () => {
    abort.abort();
    await running;
  });

  const names = () => [...source.pods()].map((pod) => pod.metadata?.name);
  const images = () => [...source.pods()].map((pod) => pod.spec?.containers[0]?.image);

  test("takes a pod or a list of pods, named after the node, and says where they are from", async () => {
    start(JSON.stringify(podOf("one")));
    await source.ready;
    const [pod] = source.pods();
    expect(pod?.metadata?.name).toBe("one-n");
    expect(pod?.metadata?.annotations?.["kubernetes.io/config.source"]).toBe("http");
    await look(listOf(podOf("one"), podOf("two")));
    expect(names()).toEqual(["one-n", "two-n"]);
    await look("apiVersion: v1\nkind: PodList\nitems: []\n");
    expect(names()).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("tells of what came, changed and went, and leaves the rest the same object", async () => {
    start(listOf(podOf("one"), podOf("two")));
    await source.ready;
    const [one] = source.pods();
    changes.length = 0;
    await look(listOf(podOf("two", "app:v2"), podOf("one")));
    expect(changes).toHaveLength(2);
    expect(source.get(one?.metadata?.uid ?? "")).toBe(one);
    expect(images().toSorted()).toEqual(["app:v1", "app:v2"]);
    changes.length = 0;
    await look(listOf(podOf("one"), podOf("two", "app:v2")));
    expect(changes).toEqual([]);
  });

  test.each([
    [
      "no answer",
      new Error("connect ECONNREFUSED"),
      'Cannot fetch static pods from "https://manifests.example/pods": connect ECONNREFUSED',
    ],
    ["no YAML", "{", "it is neither YAML nor JSON"],
    ["another kind", '{"apiVersion":"v1","kind":"Node"}', 'it must be a Pod or PodList of apiVersion "v1"'],
    [
      "items that are no list",
      '{"apiVersion":"v1","kind":"PodList","items":{}}',
      "items: Invalid value: {}: must be a list",
    ],
    ["one item that is wrong", listOf(podOf("two"), { ...podOf("three"), spec: {} }), "items[1].spec.containers"],
    ["an item without a spec", listOf({ metadata: { name: "two" } }), "items[0].spec: Required value"],
    [
      "one name twice",
      listOf(podOf("two"), podOf("two", "app:v2")),
      "items[1] has metadata.name or metadata.uid of another item",
    ],
  ])("%s ends no pod, and is told once", async (_name, next, problem) => {
    start(JSON.stringify(podOf("one")));
    await source.ready;
    await look(next);
    await look(next);
    expect(names()).toEqual(["one-n"]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain("secret");
    await look(listOf(podOf("two")));
    expect(names()).toEqual(["two-n"]);
    await look(next);
    expect(problems).toHaveLength(2);
  });

  test("is not complete before the first answer, and after one without content, as upstream", async () => {
    start(new Error("no route to host"));
    let isReady = false;
    void source.ready.then(() => {
      isReady = true;
    });
    await clock.advance(60_000);
    expect([isReady, asked]).toEqual([false, 4]);
    await look("");
    expect(isReady).toBe(true);
    expect(problems.at(-1)).toContain("the answer is empty");
  });
});
