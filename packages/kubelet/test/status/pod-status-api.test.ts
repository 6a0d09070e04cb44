import { ApiError, type KubernetesClient } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { createPodStatusApi } from "../../src/status/pod-status-api.ts";

const pod: Pod = { metadata: { name: "p", namespace: "n", uid: "u1" }, spec: { containers: [] } };
const { signal } = new AbortController();

/** An API that answers writes with `failure` and reads with a pod of `uid`, or with 404. */
function api(failure: ApiError, uid: string | undefined) {
  const lane = {
    patch: () => Promise.reject(failure),
    delete: () => Promise.reject(failure),
    get: () =>
      uid === undefined
        ? Promise.reject(new ApiError("get", { code: 404, reason: "NotFound" }))
        : Promise.resolve({ metadata: { name: "p", namespace: "n", uid } }),
  };
  return createPodStatusApi({ withLane: () => lane } as unknown as KubernetesClient);
}

const conflict = new ApiError("patch", { code: 409, reason: "Conflict" });
// What the API server says of another UID in a patch.
const invalid = new ApiError("patch", { code: 422, reason: "Invalid" });

describe("createPodStatusApi()", () => {
  test.each(["u2", undefined])(
    "a conflict means that the pod is gone where the name is another's (%s)",
    async (uid) => {
      expect(await api(conflict, uid).patchStatus(pod, {}, signal)).toBeUndefined();
      await api(conflict, uid).deletePod(pod, signal);
    },
  );

  test("a conflict over a pod that is still there is a failure to be retried", async () => {
    await expect(api(conflict, "u1").patchStatus(pod, {}, signal)).rejects.toBe(conflict);
    await expect(api(conflict, "u1").deletePod(pod, signal)).rejects.toBe(conflict);
  });

  test("an invalid status means that the pod is gone only where the name is another's", async () => {
    expect(await api(invalid, "u2").patchStatus(pod, {}, signal)).toBeUndefined();
    await expect(api(invalid, "u1").patchStatus(pod, {}, signal)).rejects.toBe(invalid);
  });

  test("a pod that is not found is gone", async () => {
    const notFound = new ApiError("patch", { code: 404, reason: "NotFound" });
    expect(await api(notFound, "u1").patchStatus(pod, {}, signal)).toBeUndefined();
  });

  test("other failures are passed on", async () => {
    const broken = new ApiError("patch", { code: 500 });
    await expect(api(broken, "u1").patchStatus(pod, {}, signal)).rejects.toBe(broken);
  });
});
