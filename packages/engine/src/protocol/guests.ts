import {
  boolField,
  bytesField,
  messageField,
  repeatedField,
  stringField,
  stringMapField,
  uint32Field,
  uint64Field,
  type WireMessage,
  wireMessage,
} from "@wherry/rpc/ttrpc";

// The host's view of packages/rpc/proto/wherry/engine/v1/engine.proto; a test compares the two.

/** Full name of Wherry's own service. */
export const guestsServiceName = "wherry.engine.v1.Guests";

/** Version of the protocol between engine and hosts; an engine refuses hosts of another. */
export const protocolVersion = 2;

/** `Any.type_url` of the messages that travel inside the task API. */
export const guestSpecType = "wherry.engine.v1.GuestSpec";
export const metricsType = "wherry.engine.v1.Metrics";

export interface GuestMountMessage {
  guestPath: string;
  hostPath: string;
  readOnly: boolean;
  subPath: string;
}

const guestMount: WireMessage<GuestMountMessage> = wireMessage("wherry.engine.v1.GuestMount", {
  guestPath: stringField(1),
  hostPath: stringField(2),
  readOnly: boolField(3),
  subPath: stringField(4),
});

export interface SocketAddressMessage {
  address: string;
  port: number;
}

const socketAddress: WireMessage<SocketAddressMessage> = wireMessage("wherry.engine.v1.SocketAddress", {
  address: stringField(1),
  port: uint32Field(2),
});

export interface GuestSocketMessage {
  name: string;
  listen: (SocketAddressMessage | undefined)[];
}

const guestSocket: WireMessage<GuestSocketMessage> = wireMessage("wherry.engine.v1.GuestSocket", {
  name: stringField(1),
  listen: repeatedField(messageField(2, () => socketAddress)),
});

export interface GuestSpecMessage {
  modulePath: string;
  args: string[];
  env: Record<string, string>;
  mounts: (GuestMountMessage | undefined)[];
  memoryLimitBytes: bigint;
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  workingDir: string;
  sockets: (GuestSocketMessage | undefined)[];
}

export const guestSpecMessage: WireMessage<GuestSpecMessage> = wireMessage("wherry.engine.v1.GuestSpec", {
  modulePath: stringField(1),
  args: repeatedField(stringField(2)),
  env: stringMapField(3),
  mounts: repeatedField(messageField(4, () => guestMount)),
  memoryLimitBytes: uint64Field(5),
  logPath: stringField(6),
  stdin: boolField(7),
  stdinOnce: boolField(8),
  workingDir: stringField(9),
  sockets: repeatedField(messageField(10, () => guestSocket)),
});

export interface MetricsMessage {
  timeMs: bigint;
  cpuUsageNanoseconds: bigint;
  memoryUsageBytes: bigint;
  memoryWorkingSetBytes: bigint;
}

export const metricsMessage: WireMessage<MetricsMessage> = wireMessage("wherry.engine.v1.Metrics", {
  timeMs: uint64Field(1),
  cpuUsageNanoseconds: uint64Field(2),
  memoryUsageBytes: uint64Field(3),
  memoryWorkingSetBytes: uint64Field(4),
});

export interface PingResponse {
  pid: number;
  version: number;
  guestId: string;
}

export const pingResponse: WireMessage<PingResponse> = wireMessage("wherry.engine.v1.PingResponse", {
  pid: uint32Field(1),
  version: uint32Field(2),
  guestId: stringField(3),
});

export interface GuestExitMessage {
  exitCode: number;
  reason: string;
  message: string;
  startedAtMs: bigint;
  finishedAtMs: bigint;
}

export const guestExitMessage: WireMessage<GuestExitMessage> = wireMessage("wherry.engine.v1.GuestExit", {
  exitCode: uint32Field(1),
  reason: stringField(2),
  message: stringField(3),
  startedAtMs: uint64Field(4),
  finishedAtMs: uint64Field(5),
});

export const awaitRequest: WireMessage<{ id: string }> = wireMessage("wherry.engine.v1.AwaitRequest", {
  id: stringField(1),
});

export interface AttachRequest {
  id: string;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export const attachRequest: WireMessage<AttachRequest> = wireMessage("wherry.engine.v1.AttachRequest", {
  id: stringField(1),
  stdin: boolField(2),
  stdout: boolField(3),
  stderr: boolField(4),
});

export const attachResponse: WireMessage<{ session: number }> = sessionMessage("AttachResponse");
export const readRequest: WireMessage<{ session: number }> = sessionMessage("ReadRequest");
export const detachRequest: WireMessage<{ session: number }> = sessionMessage("DetachRequest");

function sessionMessage(name: string): WireMessage<{ session: number }> {
  return wireMessage(`wherry.engine.v1.${name}`, { session: uint32Field(1) });
}

export interface ReadResponse {
  stdout: Uint8Array;
  stderr: Uint8Array;
  end: boolean;
}

export const readResponse: WireMessage<ReadResponse> = wireMessage("wherry.engine.v1.ReadResponse", {
  stdout: bytesField(1),
  stderr: bytesField(2),
  end: boolField(3),
});

export interface WriteRequest {
  session: number;
  data: Uint8Array;
  end: boolean;
}

export const writeRequest: WireMessage<WriteRequest> = wireMessage("wherry.engine.v1.WriteRequest", {
  session: uint32Field(1),
  data: bytesField(2),
  end: boolField(3),
});
