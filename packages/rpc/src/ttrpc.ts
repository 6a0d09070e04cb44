/**
 * ttRPC without a protobuf runtime: framing, connections and a small table-driven message codec, for processes whose memory
 * counts.
 *
 * @packageDocumentation
 */
export { RpcError } from "./errors.ts";
export { type StatusCode, statusCodeName, statusCodes } from "./status-code.ts";
export { type CallOptions, TtrpcClient } from "./ttrpc/client.ts";
export { type WireAny, wireAny } from "./ttrpc/envelope.ts";
export {
  encodeHeader,
  type FrameHeader,
  FrameReader,
  type FrameReaderHandlers,
  frameFlags,
  headerSizeBytes,
  maxDataSizeBytes,
  messageTypes,
} from "./ttrpc/frame.ts";
export { type CallContext, type Handler, type Handlers, TtrpcServer, type TtrpcServerOptions } from "./ttrpc/server.ts";
export { connectUnix, type ListenOptions, listenUnix } from "./unix-socket.ts";
export {
  boolField,
  bytesField,
  enumField,
  int32Field,
  int64Field,
  messageField,
  repeatedField,
  stringField,
  stringMapField,
  uint32Field,
  uint64Field,
  type WireField,
  type WireMessage,
  wireMessage,
} from "./wire/message.ts";
