/**
 * Typed ttRPC servers and clients over unix sockets, and the protocols they speak.
 *
 * Programs that must stay small import `@wherry/rpc/ttrpc`, which has the transport without the protobuf runtime.
 *
 * @packageDocumentation
 */
export { RpcError } from "./errors.ts";
export * as containerdEvents from "./gen/containerd/events/task_pb.ts";
export * as eventsService from "./gen/containerd/services/events/ttrpc/v1/events_pb.ts";
export * as taskService from "./gen/containerd/task/v3/shim_pb.ts";
export * as containerdTypes from "./gen/containerd/types/mount_pb.ts";
export * as taskTypes from "./gen/containerd/v1/types/task_pb.ts";
export * as engineService from "./gen/wherry/engine/v1/engine_pb.ts";
export { type StatusCode, statusCodeName, statusCodes } from "./status-code.ts";
export { type CallOptions, TtrpcClient } from "./ttrpc/client.ts";
export { type CallContext, type Handler, type Handlers, TtrpcServer, type TtrpcServerOptions } from "./ttrpc/server.ts";
export { createServiceClient, type ServiceClient } from "./typed-client.ts";
export { type ServiceImplementation, serviceHandlers } from "./typed-server.ts";
export { connectUnix, type ListenOptions, listenUnix } from "./unix-socket.ts";
