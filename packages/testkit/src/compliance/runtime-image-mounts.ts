import type { ContainerConfig, Mount } from "@wherry/runtime";
import { describe, expect, type TestContext, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";
import type { MountedImage } from "./runtime-subject.ts";

const containerPath = "/mounted";
// Which code it has depends on the runtime: CRI fixes none for mounts.
const refusal = { code: expect.any(String) };

export function imageMountTests(bench: () => RuntimeBench): void {
  /** What the subject mounts, pulled. */
  async function pulled(context: TestContext): Promise<MountedImage & { readonly ref: string }> {
    const { mountedImage } = bench().subject;
    if (mountedImage === undefined) return context.skip("not applicable: the runtime mounts no images");
    const ref = await bench().runtime.images.pullImage({ image: mountedImage.image });
    return { ...mountedImage, ref };
  }

  const mountOf = (image: string, more: Partial<Mount> = {}): Mount => ({
    containerPath,
    hostPath: "",
    readOnly: true,
    propagation: "private",
    image: { image },
    ...more,
  });

  async function create(mount: Mount): Promise<string> {
    const sandbox = await bench().runtime.runPodSandbox(bench().sandboxConfig());
    const config = bench().containerConfig({ kind: "hold" }, { mounts: [mount] });
    return bench().runtime.createContainer(sandbox, config);
  }

  const run = (mount: Mount, command: Pick<ContainerConfig, "command" | "args">) =>
    bench().outcome({ mounts: [mount], ...command });

  describe("mounts of images", () => {
    test("an image is named by its status as the container mounts it, also in another life", async (context) => {
      const { ref, directory } = await pulled(context);
      const mount = mountOf(ref, { imageSubPath: directory });
      const id = await create(mount);
      const expected = { containerPath, image: { image: ref }, imageSubPath: directory };
      expect((await bench().runtime.containerStatus(id)).mounts).toMatchObject([expected]);
      await bench().subject.reopen();
      expect((await bench().runtime.containerStatus(id)).mounts).toMatchObject([expected]);
    });

    test("createContainer() needs the image to be present, and leaves nothing behind when it is not", async (context) => {
      await pulled(context);
      const { runtime, subject } = bench();
      await expect(create(mountOf(subject.missingImage))).rejects.toMatchObject(refusal);
      expect(await runtime.listContainers()).toEqual([]);
    });

    test("createContainer() refuses sub paths that are no directories in the image", async (context) => {
      const { ref, directory, file } = await pulled(context);
      for (const imageSubPath of ["no-such-directory", `${directory}/${file}`, "../..", "/"])
        await expect(create(mountOf(ref, { imageSubPath }))).rejects.toMatchObject(refusal);
      expect(await bench().runtime.listContainers()).toEqual([]);
    });

    test("createContainer() refuses a mount of both an image and a path on the node", async (context) => {
      const { ref } = await pulled(context);
      await expect(create(mountOf(ref, { hostPath: "/" }))).rejects.toMatchObject(refusal);
    });

    test("a container reads the image's files, and those of a directory of it", async (context) => {
      const { ref, directory, file, content } = await pulled(context);
      const { read } = bench().subject;
      if (read === undefined) return context.skip("not applicable: the subject's containers read no files");
      for (const [mount, path] of [
        [mountOf(ref), `${containerPath}/${directory}/${file}`],
        [mountOf(ref, { imageSubPath: directory }), `${containerPath}/${file}`],
      ] as const)
        expect(await run(mount, read(path))).toEqual({ exitCode: 0, output: content });
    });

    test("a container cannot write to it, whatever the mount says", async (context) => {
      const { ref, directory, file, content } = await pulled(context);
      const { read, write } = bench().subject;
      if (read === undefined || write === undefined)
        return context.skip("not applicable: the subject's containers write no files");
      const path = `${containerPath}/${directory}/${file}`;
      const { exitCode } = await run(mountOf(ref, { readOnly: false }), write(path));
      expect(exitCode).not.toBe(0);
      expect(await run(mountOf(ref), read(path))).toEqual({ exitCode: 0, output: content });
    });
  });
}
