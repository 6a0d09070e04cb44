import type { Container, VolumeMount } from "@wherry/kubernetes";
import type { ImageSpec, Mount } from "@wherry/runtime";
import { VolumeError } from "../errors.ts";
import type { EnvironmentVariable } from "../ports/environment.ts";
import { requestedSubPath } from "./sub-path.ts";
import { VolumeFault, volumeErrorFrom } from "./volume-fault.ts";
import type { MountedVolume } from "./volume-kind.ts";

export interface ContainerMountsRequest {
  readonly container: Container;
  readonly environment: readonly EnvironmentVariable[];
  /** The pod's volumes by name, as mounted. */
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  /** Images of volumes of kind `image` by the volumes' names. */
  readonly imageVolumes: ReadonlyMap<string, ImageSpec>;
  /** Whether the runtime keeps everything below a read-only mount read-only. */
  readonly recursiveReadOnly: boolean;
  /** Finds or makes the sub path of the `index`-th mount, and says what is mounted for it. */
  readonly subPath: (
    volume: MountedVolume & { readonly type: "path" },
    mount: VolumeMount,
    index: number,
    path: string,
  ) => Promise<MountSource>;
}

/** What a mount shows: a path that containers cannot change, and what they may below it. */
export type MountSource = Pick<Mount, "hostPath" | "subPath">;

/** The mounts of a container in the order of its `volumeMounts`. @throws VolumeError naming the volume */
export async function resolveContainerMounts(request: ContainerMountsRequest): Promise<Mount[]> {
  const { container } = request;
  const device = container.volumeDevices?.[0];
  if (device !== undefined)
    throw new VolumeError(
      device.name,
      `container "${container.name}" wants volume "${device.name}" as block device ${device.devicePath}, which this node does not offer; use volumeMounts`,
      { retryable: false },
    );
  const mounts: Mount[] = [];
  const taken = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    try {
      const resolved = await resolveMount(request, mount, index);
      if (taken.has(resolved.containerPath))
        throw new VolumeFault("InvalidVolume", `mountPath "${resolved.containerPath}" is used by another mount`);
      taken.add(resolved.containerPath);
      mounts.push(resolved);
    } catch (error) {
      throw mountError(container.name, mount.name, error);
    }
  }
  return mounts;
}

async function resolveMount(request: ContainerMountsRequest, mount: VolumeMount, index: number): Promise<Mount> {
  const volume = request.volumes.get(mount.name);
  if (volume === undefined) throw new VolumeFault("InvalidVolume", `the pod has no volume "${mount.name}"`);
  const containerPath = checkedMountPath(mount.mountPath);
  checkPropagation(mount);
  checkRecursion(mount, request.recursiveReadOnly);
  const path = requestedSubPath(mount, request.environment);
  if (volume.type === "image") {
    const image = request.imageVolumes.get(mount.name);
    if (image === undefined)
      throw new TypeError(`Volume "${mount.name}" shows an image that was not pulled: name it in imageVolumes`);
    return {
      containerPath,
      hostPath: "",
      readOnly: true,
      propagation: "private",
      image,
      ...(path !== "" && { imageSubPath: path }),
    };
  }
  const readOnly = (mount.readOnly ?? false) || volume.readOnly;
  const source = path === "" ? { hostPath: volume.path } : await request.subPath(volume, mount, index, path);
  return { containerPath, ...source, readOnly, propagation: "private" };
}

/** Absolute and in its shortest form. */
function checkedMountPath(mountPath: string): string {
  if (mountPath === "") throw new VolumeFault("InvalidVolume", "mountPath is empty");
  if (mountPath.includes(":")) throw new VolumeFault("InvalidVolume", `mountPath "${mountPath}" must not contain ":"`);
  if (mountPath.includes("\0")) throw new VolumeFault("InvalidVolume", "mountPath must not contain NUL");
  const segments = mountPath.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw new VolumeFault("InvalidVolume", `mountPath "${mountPath}" must not contain ".."`);
  return `/${segments.join("/")}`;
}

function checkPropagation({ mountPropagation = "None" }: VolumeMount): void {
  if (mountPropagation === "" || mountPropagation === "None") return;
  throw new VolumeFault(
    "Unsupported",
    `mountPropagation "${mountPropagation}" is not supported; this node makes private mounts only ("None")`,
  );
}

function checkRecursion({ recursiveReadOnly = "Disabled", readOnly = false }: VolumeMount, supported: boolean): void {
  if (recursiveReadOnly === "" || recursiveReadOnly === "Disabled") return;
  if (recursiveReadOnly !== "IfPossible" && recursiveReadOnly !== "Enabled")
    throw new VolumeFault(
      "InvalidVolume",
      `recursiveReadOnly is "${recursiveReadOnly}"; expected Disabled, IfPossible or Enabled`,
    );
  if (!readOnly)
    throw new VolumeFault("InvalidVolume", `recursiveReadOnly "${recursiveReadOnly}" needs readOnly: true`);
  if (recursiveReadOnly === "Enabled" && !supported)
    throw new VolumeFault("Unsupported", 'recursiveReadOnly "Enabled" is not supported by the runtime handler');
}

/** In the form of upstream's errors about mounts; shown as `CreateContainerConfigError`. */
function mountError(container: string, volume: string, error: unknown): VolumeError {
  const inner = volumeErrorFrom(volume, error);
  const reason = inner.message.replace(/^MountVolume\.SetUp failed for volume "[^"]*": /, "");
  return new VolumeError(volume, `cannot mount volume "${volume}" into container "${container}": ${reason}`, {
    cause: error,
    retryable: inner.retryable,
  });
}
