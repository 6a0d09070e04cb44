import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mount } from "@wherry/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";

const containerPath = "/mounted";

export function subPathTests(bench: () => RuntimeBench): void {
  /** A volume with a file in a directory, and beside it a directory with what no container may see. */
  async function volume(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "wherry-sub-paths-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await mkdir(join(directory, "volume/a/b"), { recursive: true });
    await mkdir(join(directory, "outside"));
    await writeFile(join(directory, "volume/a/b/file"), "content\n");
    await writeFile(join(directory, "outside/file"), "secret\n");
    return join(directory, "volume");
  }

  const mountOf = (hostPath: string, subPath: string): Mount => ({
    containerPath,
    hostPath,
    subPath,
    readOnly: false,
    propagation: "private",
  });

  const start = (mount: Mount) => bench().start({ kind: "hold" }, { mounts: [mount] });

  describe("mounts of sub paths", () => {
    test("a container reads a directory below the host path, a file, and what a link within leads to", async (context) => {
      const { read } = bench().subject;
      if (read === undefined) return context.skip("not applicable: the subject's containers read no files");
      const root = await volume();
      await symlink("../a/b", join(root, "a/link"));
      for (const [subPath, path] of [
        ["a/b", `${containerPath}/file`],
        ["a/b/file", containerPath],
        ["a/link", `${containerPath}/file`],
      ] as const)
        expect(await bench().outcome({ mounts: [mountOf(root, subPath)], ...read(path) })).toEqual({
          exitCode: 0,
          output: "content",
        });
    });

    test("a sub path is in the status as it was given", async () => {
      const { runtime } = bench();
      const sandbox = await runtime.runPodSandbox(bench().sandboxConfig());
      const mount = mountOf(await volume(), "a/b");
      const id = await runtime.createContainer(sandbox, bench().containerConfig({ kind: "hold" }, { mounts: [mount] }));
      expect((await runtime.containerStatus(id)).mounts).toMatchObject([mount]);
    });

    test.each([
      ["is missing", "none"],
      ["goes up", "a/../../outside"],
      ["is absolute", "/etc"],
    ])("a container does not start with one that %s", async (_, subPath) => {
      await expect(start(mountOf(await volume(), subPath))).rejects.toMatchObject({ code: expect.any(String) });
    });

    test.each([
      ["a relative link", "../outside", "link"],
      ["an absolute link", "/etc", "link"],
      ["a file through a link", "../outside", "link/file"],
    ])("a container does not start with one that %s leads outside", async (_, target, subPath) => {
      const root = await volume();
      await symlink(target, join(root, "link"));
      await expect(start(mountOf(root, subPath))).rejects.toMatchObject({ code: expect.any(String) });
    });

    test("a container does not see through a link that takes a directory's place before its start", async (context) => {
      const { read } = bench().subject;
      if (read === undefined) return context.skip("not applicable: the subject's containers read no files");
      const { runtime } = bench();
      const root = await volume();
      const sandbox = await runtime.runPodSandbox(bench().sandboxConfig());
      const config = { mounts: [mountOf(root, "a/b")], ...read(`${containerPath}/file`) };
      const container = await runtime.createContainer(
        sandbox,
        bench().containerConfig({ kind: "exit", code: 0 }, config),
      );
      await rm(join(root, "a/b"), { recursive: true });
      await symlink("../../outside", join(root, "a/b"));
      // Either is right: an error, or what was there when the container was created.
      const started = await runtime.startContainer(container).then(
        () => true,
        () => false,
      );
      if (started) expect((await bench().exited(container)).exitCode).not.toBe(0);
    });
  });
}
