import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Descriptor, digestOf, ociManifestType } from "@wherry/distribution";

const execFileAsync = promisify(execFile);

/** A container image of busybox. */
export interface BusyboxImage {
  readonly reference: string;
  readonly entrypoint: readonly string[];
  readonly stopSignal?: string;
}

/**
 * Writes an OCI archive, as `ctr images import` takes it, of images that share one layer: a static busybox under all of its names.
 *
 * Needs tar.
 */
export async function writeBusyboxArchive(
  path: string,
  busybox: string,
  images: readonly BusyboxImage[],
): Promise<void> {
  const scratch = await mkdtemp(join(dirname(path), "image-"));
  try {
    const layout = join(scratch, "layout");
    await mkdir(join(layout, "blobs/sha256"), { recursive: true });
    const addBlob = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
      const digest = digestOf(bytes);
      await writeFile(join(layout, "blobs", digest.replace(":", "/")), bytes);
      return { mediaType, digest, size: bytes.length };
    };
    const addDocument = (mediaType: string, document: object) => addBlob(mediaType, json({ mediaType, ...document }));
    const layer = await addBlob("application/vnd.oci.image.layer.v1.tar", await busyboxLayer(scratch, busybox));
    const manifests: object[] = [];
    for (const { reference, entrypoint, stopSignal } of images) {
      const config = await addBlob(
        "application/vnd.oci.image.config.v1+json",
        json({
          architecture: "amd64",
          os: "linux",
          config: { Entrypoint: entrypoint, Env: ["PATH=/bin"], StopSignal: stopSignal },
          rootfs: { type: "layers", diff_ids: [layer.digest] },
        }),
      );
      const manifest = await addDocument(ociManifestType, { schemaVersion: 2, config, layers: [layer] });
      manifests.push({ ...manifest, annotations: { "io.containerd.image.name": reference } });
    }
    await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
    await writeFile(join(layout, "index.json"), json({ schemaVersion: 2, manifests }));
    await pack(layout, path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function busyboxLayer(scratch: string, busybox: string): Promise<Uint8Array> {
  const bin = join(scratch, "root/bin");
  await mkdir(bin, { recursive: true });
  await cp(busybox, join(bin, "busybox"));
  const { stdout } = await execFileAsync(busybox, ["--list"]);
  for (const name of stdout.split("\n"))
    if (name !== "" && name !== "busybox") await symlink("busybox", join(bin, name));
  const tar = join(scratch, "layer.tar");
  await pack(join(scratch, "root"), tar);
  return readFile(tar);
}

async function pack(directory: string, path: string): Promise<void> {
  const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await execFileAsync("tar", ["--create", ...reproducible, "--file", path, "--directory", directory, "."]);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
