import { type BehaviourGroup, covered, notApplicable } from "./behaviour.ts";
import { conformance, volumeKinds, volumes } from "./test-references.ts";

const files = volumes("config maps and secrets are files, whole or by items");
const projected = volumes("a projected volume has token, namespace, config map and secret side by side");
const several = conformance("the same config map and secret may be in several volumes, and binary data is kept");
const optional = conformance("optional updates should be reflected in volume: of config maps, secrets and projections");
const downward = conformance("downward API volumes show name, limits and requests, and follow labels and annotations");
const allocatable = conformance("downward API volumes show the node's allocatable where there is no limit");
const noModes =
  "WASI preview 1 shows a guest neither mode bits nor owners; that they are set on the node is tested in volume-kinds.test.ts.";
const noUser = "A WebAssembly guest has no user and no group.";

/** What upstream's sig-storage asks. */
export const storageBehaviours: readonly BehaviourGroup[] = [
  {
    area: "[sig-storage] ConfigMap",
    behaviours: [
      covered("binary data should be reflected in volume", several),
      covered("optional updates should be reflected in volume", optional),
      covered("should be consumable from pods in volume", files),
      covered("should be consumable from pods in volume with mappings", projected),
      covered("should be consumable in multiple volumes in the same pod", several),
      covered("updates should be reflected in volume", volumes("a config map's change reaches the running guest")),
      ...notApplicable(
        noModes,
        "should be consumable from pods in volume with defaultMode set",
        "should be consumable from pods in volume with mappings and Item mode set",
      ),
      ...notApplicable(
        noUser,
        "should be consumable from pods in volume as non-root",
        "should be consumable from pods in volume with mappings as non-root",
      ),
    ],
  },
  {
    area: "[sig-storage] Secrets",
    behaviours: [
      covered("optional updates should be reflected in volume", optional),
      covered(
        "should be able to mount in a volume regardless of a different secret existing with same name in different namespace",
        conformance("a secret of the same name in another namespace is another secret"),
      ),
      covered("should be consumable from pods in volume", several),
      covered("should be consumable from pods in volume with mappings", files),
      covered("should be consumable in multiple volumes in a pod", several),
      ...notApplicable(
        noModes,
        "should be consumable from pods in volume with defaultMode set",
        "should be consumable from pods in volume with mappings and Item Mode set",
      ),
      ...notApplicable(noUser, "should be consumable from pods in volume as non-root with defaultMode and fsGroup set"),
    ],
  },
  ...["Downward API volume", "Projected downwardAPI"].map(
    (area): BehaviourGroup => ({
      area: `[sig-storage] ${area}`,
      behaviours: [
        ...[
          "should provide container's cpu limit",
          "should provide container's cpu request",
          "should provide container's memory limit",
          "should provide container's memory request",
          "should provide podname only",
          "should update annotations on modification",
          "should update labels on modification",
        ].map((name) => covered(name, downward)),
        ...[
          "should provide node allocatable (cpu) as default cpu limit if the limit is not set",
          "should provide node allocatable (memory) as default memory limit if the limit is not set",
        ].map((name) => covered(name, allocatable)),
        ...notApplicable(noModes, "should set DefaultMode on files", "should set mode on item file"),
      ],
    }),
  ),
  {
    area: "[sig-storage] Projected combined",
    behaviours: [
      covered(
        "should project all components that make up the projection API",
        projected,
        volumeKinds("projectedKind merges all its sources"),
      ),
    ],
  },
  {
    area: "[sig-storage] Projected configMap",
    behaviours: [
      covered("optional updates should be reflected in volume", optional),
      covered("should be consumable from pods in volume", several),
      covered("should be consumable from pods in volume with mappings", projected),
      covered("should be consumable in multiple volumes in the same pod", several),
      covered("updates should be reflected in volume", optional),
      ...notApplicable(
        noModes,
        "should be consumable from pods in volume with defaultMode set",
        "should be consumable from pods in volume with mappings and Item mode set",
      ),
      ...notApplicable(
        noUser,
        "should be consumable from pods in volume as non-root",
        "should be consumable from pods in volume with mappings as non-root",
      ),
    ],
  },
  {
    area: "[sig-storage] Projected secret",
    behaviours: [
      covered("optional updates should be reflected in volume", optional),
      covered("should be consumable from pods in volume", several),
      covered("should be consumable from pods in volume with mappings", projected),
      covered("should be consumable in multiple volumes in a pod", several),
      ...notApplicable(
        noModes,
        "should be consumable from pods in volume with defaultMode set",
        "should be consumable from pods in volume with mappings and Item Mode set",
      ),
      ...notApplicable(noUser, "should be consumable from pods in volume as non-root with defaultMode and fsGroup set"),
    ],
  },
  {
    area: "[sig-storage] EmptyDir volumes",
    behaviours: notApplicable(
      "Asks for mode bits, users and the type of a mount, which WASI preview 1 does not show; that volumes are shared, and in memory where asked for, is tested.",
      ...["non-root", "root"].flatMap((user) =>
        ["0644", "0666", "0777"].flatMap((mode) =>
          ["default", "tmpfs"].map((medium) => `should support (${user},${mode},${medium})`),
        ),
      ),
      "volume on default medium should have the correct mode",
      "volume on tmpfs should have the correct mode",
    ),
  },
];
