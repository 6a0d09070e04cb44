import { createHash } from "node:crypto";
import {
  type AuthConfig,
  type CallOptions,
  type FilesystemUsage,
  type Image,
  type ImageService,
  type ImageSpec,
  type ImageStatus,
  type Mount,
  RuntimeError,
} from "@wherry/runtime";
import type { FaultInjector } from "./faults.ts";

/** Images by name; what is not in `remote` cannot be pulled. */
export class FakeImages implements ImageService {
  readonly present: Set<string> = new Set();
  /** Undefined allows every name. */
  remote: Set<string> | undefined;
  /** Names that need these credentials. */
  readonly protectedBy: Map<string, { readonly username: string; readonly password: string }> = new Map();
  /** Directories in images by the images' names, for mounts; an image not here has none but its root. */
  readonly directories: Map<string, ReadonlySet<string>> = new Map();
  readonly #injector: FaultInjector;

  constructor(injector: FaultInjector) {
    this.#injector = injector;
  }

  imageStatus(spec: ImageSpec, options: CallOptions = {}): Promise<ImageStatus | undefined> {
    return this.#injector.apply("imageStatus", spec.image, options.signal, () => this.#status(spec.image));
  }

  listImages(options: CallOptions = {}): Promise<Image[]> {
    return this.#injector.apply("listImages", "", options.signal, () =>
      [...this.present].map((name) => this.#status(name)).filter((status) => status !== undefined),
    );
  }

  pullImage(spec: ImageSpec, options: CallOptions & { readonly auth?: AuthConfig | undefined } = {}): Promise<string> {
    return this.#injector.apply("pullImage", spec.image, options.signal, () => {
      if (this.remote !== undefined && !this.remote.has(spec.image))
        throw new RuntimeError("NotFound", `Cannot pull image "${spec.image}": registry answered 404`);
      const wanted = this.protectedBy.get(spec.image);
      const { username, password } = options.auth ?? {};
      if (wanted !== undefined && (wanted.username !== username || wanted.password !== password))
        throw new RuntimeError("PermissionDenied", `Cannot pull image "${spec.image}": registry answered 401`);
      this.present.add(spec.image);
      return resolvedReference(spec.image);
    });
  }

  removeImage(spec: ImageSpec, options: CallOptions = {}): Promise<void> {
    return this.#injector.apply("removeImage", spec.image, options.signal, () => void this.present.delete(spec.image));
  }

  imageFilesystemUsage(options: CallOptions = {}): Promise<FilesystemUsage[]> {
    return this.#injector.apply("imageFilesystemUsage", "", options.signal, () => []);
  }

  /** @throws RuntimeError for an image that is not present */
  require(name: string): void {
    if (this.#status(name) === undefined) throw new RuntimeError("NotFound", `No image "${name}"`);
  }

  /** @throws RuntimeError for a mount of an image that is not present, or of a directory that is not in it */
  requireMount({ containerPath, hostPath, subPath = "", image, imageSubPath = "" }: Mount): void {
    if (image === undefined) return;
    if (subPath !== "")
      throw new RuntimeError("InvalidArgument", `Mount "${containerPath}" has an image and sub path "${subPath}"`);
    this.require(image.image);
    const [name = ""] = this.#status(image.image)?.repoTags ?? [];
    if (hostPath !== "")
      throw new RuntimeError("InvalidArgument", `Mount "${containerPath}" has an image and host path "${hostPath}"`);
    if (imageSubPath !== "" && !this.directories.get(name)?.has(imageSubPath))
      throw new RuntimeError("InvalidArgument", `Cannot mount image "${name}": no directory "${imageSubPath}"`);
  }

  #status(name: string): ImageStatus | undefined {
    const found = [...this.present].find((image) => image === name || resolvedReference(image) === name);
    if (found === undefined) return undefined;
    const ref = resolvedReference(found);
    const id = ref.slice(ref.indexOf("@") + 1);
    return { id, repoTags: [found], repoDigests: [ref], sizeBytes: 1000, pinned: false, ref };
  }
}

/** The reference a fake image resolves to. */
export function resolvedReference(image: string): string {
  const digest = createHash("sha256").update(image).digest("hex");
  return `${image.replace(/@.*$/, "").replace(/:[^/:]*$/, "")}@sha256:${digest}`;
}
