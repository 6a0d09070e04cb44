import {
  boolField,
  enumField,
  int32Field,
  int64Field,
  messageField,
  repeatedField,
  stringField,
  uint32Field,
  type WireAny,
  type WireMessage,
  wireAny,
  wireMessage,
} from "@wherry/rpc/ttrpc";

// The host's view of the shim task API: the same messages as packages/rpc/proto/containerd/task/v3/shim.proto, without the
// weight of the protobuf runtime. A test compares the two.

/** Full name of the shim's service. */
export const taskServiceName = "containerd.task.v3.Task";

/** `containerd.v1.types.Status`. */
export const taskStatuses = { unknown: 0, created: 1, running: 2, stopped: 3 } as const;

export interface Timestamp {
  seconds: bigint;
  nanos: number;
}

export const timestamp: WireMessage<Timestamp> = wireMessage("google.protobuf.Timestamp", {
  seconds: int64Field(1),
  nanos: int32Field(2),
});

/** A time in milliseconds since the epoch as message; undefined for 0. */
export function timestampFromMs(timeMs: number): Timestamp | undefined {
  if (timeMs === 0) return undefined;
  const seconds = Math.floor(timeMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((timeMs - seconds * 1000) * 1e6) };
}

export interface RootMount {
  type: string;
  source: string;
  target: string;
  options: string[];
}

export const rootMount: WireMessage<RootMount> = wireMessage("containerd.types.Mount", {
  type: stringField(1),
  source: stringField(2),
  target: stringField(3),
  options: repeatedField(stringField(4)),
});

export interface CreateTaskRequest {
  id: string;
  bundle: string;
  rootfs: (RootMount | undefined)[];
  terminal: boolean;
  stdin: string;
  stdout: string;
  stderr: string;
  checkpoint: string;
  parentCheckpoint: string;
  options: WireAny | undefined;
}

export const createTaskRequest: WireMessage<CreateTaskRequest> = wireMessage("containerd.task.v3.CreateTaskRequest", {
  id: stringField(1),
  bundle: stringField(2),
  rootfs: repeatedField(messageField(3, () => rootMount)),
  terminal: boolField(4),
  stdin: stringField(5),
  stdout: stringField(6),
  stderr: stringField(7),
  checkpoint: stringField(8),
  parentCheckpoint: stringField(9),
  options: messageField(10, () => wireAny),
});

/** `CreateTaskResponse` and `StartResponse`, which have the same shape. */
export const createTaskResponse: WireMessage<{ pid: number }> = wireMessage("containerd.task.v3.CreateTaskResponse", {
  pid: uint32Field(1),
});

export const startResponse: WireMessage<{ pid: number }> = wireMessage("containerd.task.v3.StartResponse", {
  pid: uint32Field(1),
});

export interface ProcessRequest {
  id: string;
  execId: string;
}

/** The requests that name a process and nothing else: Start, Wait, Delete and State. */
export const startRequest: WireMessage<ProcessRequest> = processRequest("StartRequest");
export const waitRequest: WireMessage<ProcessRequest> = processRequest("WaitRequest");
export const deleteRequest: WireMessage<ProcessRequest> = processRequest("DeleteRequest");
export const stateRequest: WireMessage<ProcessRequest> = processRequest("StateRequest");

function processRequest(name: string): WireMessage<ProcessRequest> {
  return wireMessage(`containerd.task.v3.${name}`, { id: stringField(1), execId: stringField(2) });
}

/** The requests that name a container and nothing else: Pids, Stats and Connect. */
export const pidsRequest: WireMessage<{ id: string }> = containerRequest("PidsRequest");
export const statsRequest: WireMessage<{ id: string }> = containerRequest("StatsRequest");
export const connectRequest: WireMessage<{ id: string }> = containerRequest("ConnectRequest");

function containerRequest(name: string): WireMessage<{ id: string }> {
  return wireMessage(`containerd.task.v3.${name}`, { id: stringField(1) });
}

export interface WaitResponse {
  exitStatus: number;
  exitedAt: Timestamp | undefined;
}

export const waitResponse: WireMessage<WaitResponse> = wireMessage("containerd.task.v3.WaitResponse", {
  exitStatus: uint32Field(1),
  exitedAt: messageField(2, () => timestamp),
});

export interface DeleteResponse extends WaitResponse {
  pid: number;
}

export const deleteResponse: WireMessage<DeleteResponse> = wireMessage("containerd.task.v3.DeleteResponse", {
  pid: uint32Field(1),
  exitStatus: uint32Field(2),
  exitedAt: messageField(3, () => timestamp),
});

export interface StateResponse {
  id: string;
  bundle: string;
  pid: number;
  status: number;
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
  exitStatus: number;
  exitedAt: Timestamp | undefined;
  execId: string;
}

export const stateResponse: WireMessage<StateResponse> = wireMessage("containerd.task.v3.StateResponse", {
  id: stringField(1),
  bundle: stringField(2),
  pid: uint32Field(3),
  status: enumField(4),
  stdin: stringField(5),
  stdout: stringField(6),
  stderr: stringField(7),
  terminal: boolField(8),
  exitStatus: uint32Field(9),
  exitedAt: messageField(10, () => timestamp),
  execId: stringField(11),
});

export interface KillRequest extends ProcessRequest {
  signal: number;
  all: boolean;
}

export const killRequest: WireMessage<KillRequest> = wireMessage("containerd.task.v3.KillRequest", {
  id: stringField(1),
  execId: stringField(2),
  signal: uint32Field(3),
  all: boolField(4),
});

export interface CloseIORequest extends ProcessRequest {
  stdin: boolean;
}

export const closeIORequest: WireMessage<CloseIORequest> = wireMessage("containerd.task.v3.CloseIORequest", {
  id: stringField(1),
  execId: stringField(2),
  stdin: boolField(3),
});

export interface ProcessInfo {
  pid: number;
  info: WireAny | undefined;
}

const processInfo: WireMessage<ProcessInfo> = wireMessage("containerd.v1.types.ProcessInfo", {
  pid: uint32Field(1),
  info: messageField(2, () => wireAny),
});

export const pidsResponse: WireMessage<{ processes: (ProcessInfo | undefined)[] }> = wireMessage(
  "containerd.task.v3.PidsResponse",
  { processes: repeatedField(messageField(1, () => processInfo)) },
);

export interface UpdateTaskRequest {
  id: string;
  resources: WireAny | undefined;
}

export const updateTaskRequest: WireMessage<UpdateTaskRequest> = wireMessage("containerd.task.v3.UpdateTaskRequest", {
  id: stringField(1),
  resources: messageField(2, () => wireAny),
});

export const statsResponse: WireMessage<{ stats: WireAny | undefined }> = wireMessage(
  "containerd.task.v3.StatsResponse",
  { stats: messageField(1, () => wireAny) },
);

export interface ConnectResponse {
  shimPid: number;
  taskPid: number;
  version: string;
}

export const connectResponse: WireMessage<ConnectResponse> = wireMessage("containerd.task.v3.ConnectResponse", {
  shimPid: uint32Field(1),
  taskPid: uint32Field(2),
  version: stringField(3),
});

export interface ShutdownRequest {
  id: string;
  now: boolean;
}

export const shutdownRequest: WireMessage<ShutdownRequest> = wireMessage("containerd.task.v3.ShutdownRequest", {
  id: stringField(1),
  now: boolField(2),
});

/** Bytes of `google.protobuf.Empty`. */
export const empty: Uint8Array = new Uint8Array(0);
