import type { Container, ContainerState, ContainerStatus, PodSpec } from "../../src/index.ts";

export function spec(restartPolicy: string, apps: number, init: Partial<Container>[] = []): PodSpec {
  return {
    restartPolicy,
    initContainers: init.map((container, index) => ({ name: `init-${index}`, ...container })),
    containers: Array.from({ length: apps }, (_, index) => ({ name: `app-${index}` })),
  };
}

export const running: ContainerState = { running: { startedAt: "2026-01-01T00:00:00Z" } };
export const waiting: ContainerState = { waiting: { reason: "ContainerCreating" } };

export function terminated(exitCode: number): ContainerState {
  return { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } };
}

export function status(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name, image: "", imageID: "", ready: false, restartCount: 0, state, ...more };
}
