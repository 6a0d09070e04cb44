export { EventFeed } from "./fake-runtime/event-feed.ts";
export type { ContainerScript, FakeContainer } from "./fake-runtime/fake-container.ts";
export { FakeImages, resolvedReference } from "./fake-runtime/fake-images.ts";
export { FakeRuntime, type FakeRuntimeOptions } from "./fake-runtime/fake-runtime.ts";
export { type FakeCall, type Fault, FaultInjector, type FaultPlan, failing } from "./fake-runtime/faults.ts";
