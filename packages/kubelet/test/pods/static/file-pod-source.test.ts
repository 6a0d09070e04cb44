import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, silentLogger } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FilePodSource } from "../../../src/pods/static/file-pod-source.ts";

const manifest = (name: string, image = "b", more = "") =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}${more} }\nspec: { containers: [{ name: a, image: ${image} }] }\n`;

describe("FilePodSource", () => {
  let directory: string;
  let clock: FakeClock;
  let source: FilePodSource;
  let problems: string[];
  let changes: string[];
  let watched: Map<string, Set<(name: string) => void>>;
  let abort: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-manifests-"));
    clock = new FakeClock();
    [problems, changes, watched, abort] = [[], [], new Map(), new AbortController()];
  });

  afterEach(async () => {
    abort.abort();
    await running;
    await rm(directory, { recursive: true, force: true });
  });

  async function start(path = directory): Promise<void> {
    source = new FilePodSource({
      path,
      nodeName: "n",
      checkEveryMs: 20_000,
      clock,
      logger: silentLogger,
      onProblem: (message) => void problems.push(message),
      watchDirectory: (watchedDirectory, onChange) => {
        const handlers = watched.get(watchedDirectory) ?? new Set();
        watched.set(watchedDirectory, handlers.add(onChange));
        return () => void handlers.delete(onChange);
      },
    });
    source.onChange((uid) => void changes.push(uid));
    running = source.run(abort.signal);
    await source.ready;
  }

  const put = (name: string, text: string) => writeFile(join(directory, name), text);
  const names = () => [...source.pods()].map((pod) => pod.metadata?.name);
  const images = () => [...source.pods()].map((pod) => pod.spec?.containers[0]?.image);

  /** Lets the time of the next look come, and waits for what it is to bring. */
  async function look(expectation: () => void): Promise<void> {
    await vi.waitFor(async () => {
      await clock.advance(20_000);
      expectation();
    });
  }

  test("takes the files of a directory, without dotfiles and directories, and follows links", async () => {
    await put("b.yaml", manifest("b"));
    await put(
      "a.json",
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "a" },
        spec: { containers: [{ name: "a", image: "b" }] },
      }),
    );
    await put(".hidden.yaml", manifest("hidden"));
    await mkdir(join(directory, "more"));
    await writeFile(join(directory, "more/c.yaml"), manifest("c"));
    await symlink(join(directory, "more/c.yaml"), join(directory, "d.yaml"));
    await start();
    expect(names()).toEqual(["a-n", "b-n", "c-n"]);
    expect(problems).toEqual([]);
  });

  test("takes a single file, and no pods from a path where nothing is", async () => {
    await put("one.yaml", manifest("one"));
    await start(join(directory, "one.yaml"));
    expect(names()).toEqual(["one-n"]);
    await rm(join(directory, "one.yaml"));
    await look(() => expect(names()).toEqual([]));
  });

  test("sees what is added, changed and removed, and tells the UIDs", async () => {
    await put("a.yaml", manifest("a"));
    await start();
    const [first] = [...source.pods()].map((pod) => pod.metadata?.uid ?? "");
    changes = [];
    await put("a.yaml", manifest("a", "c"));
    await look(() => expect(images()).toEqual(["c"]));
    const [second] = [...source.pods()].map((pod) => pod.metadata?.uid ?? "");
    expect(changes).toEqual([first, second]);
    expect(source.get(first!)).toBeUndefined();
    await rm(join(directory, "a.yaml"));
    await look(() => expect(names()).toEqual([]));
    expect(changes).toEqual([first, second, second]);
  });

  test("says nothing of a file that was only laid out anew", async () => {
    await put("a.yaml", manifest("a"));
    await put("b.yaml", manifest("b"));
    await start();
    const [pod] = [...source.pods()];
    changes = [];
    await put("a.yaml", `# a comment\n${manifest("a")}`);
    await rm(join(directory, "b.yaml"));
    await look(() => expect(names()).toEqual(["a-n"]));
    expect([...source.pods()]).toEqual([pod]);
    expect(changes).toHaveLength(1);
  });

  test("looks soon after a notification of the directory, or of its being made", async () => {
    const late = join(directory, "late");
    const startedMs = clock.monotonic();
    await start(late);
    await mkdir(join(directory, "new"));
    await writeFile(join(directory, "new/a.yaml"), manifest("a"));
    await rename(join(directory, "new"), late);
    await vi.waitFor(() => expect(watched.get(directory)?.size).toBe(1));
    for (const tell of watched.get(directory)!) tell("other");
    for (const tell of watched.get(directory)!) tell("late");
    await vi.waitFor(async () => {
      await clock.advance(100);
      expect(names()).toEqual(["a-n"]);
    });
    expect(clock.monotonic() - startedMs).toBeLessThan(20_000);
  });

  test("keeps all pods when a file is wrong, also its own, and says once which file and field", async () => {
    await put("a.yaml", manifest("a"));
    await put("b.yaml", manifest("b"));
    await start();
    await put(
      "a.yaml",
      "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: [] }] }\n",
    );
    await look(() => expect(problems).toHaveLength(1));
    await clock.advance(60_000);
    expect(problems).toEqual([
      `Cannot use the manifest "${join(directory, "a.yaml")}": spec.containers[0].image: Invalid value: []: must be a string`,
    ]);
    expect(names()).toEqual(["a-n", "b-n"]);
    await put("a.yaml", manifest("a", "c"));
    await look(() => expect(images()).toEqual(["c", "b"]));
  });

  test("refuses files that are too long or no files, and the second of one name", async () => {
    await put("a.yaml", manifest("a"));
    await put("b.yaml", manifest("a", "c"));
    await put("c.yaml", `#${"x".repeat(1024 * 1024)}`);
    await symlink("/dev/zero", join(directory, "d.yaml"));
    await start();
    expect(names()).toEqual(["a-n"]);
    expect(problems.map((problem) => problem.replaceAll(directory, "DIR"))).toEqual([
      'Cannot use the manifest "DIR/b.yaml": metadata.name or metadata.uid is that of "DIR/a.yaml" too',
      'Cannot read the manifest "DIR/c.yaml": it has more than 1048576 bytes',
      'Cannot read the manifest "DIR/d.yaml": it is no regular file',
    ]);
  });
});
