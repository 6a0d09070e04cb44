import type { Socket } from "node:net";
import { RpcError } from "../errors.ts";
import { encodeHeader, maxDataSizeBytes } from "./frame.ts";

/** Writes one frame; throws `RpcError` of code `ResourceExhausted` when the data exceed the protocol's limit. */
export function sendFrame(socket: Socket, streamId: number, type: number, data: Uint8Array): void {
  if (data.length > maxDataSizeBytes) {
    throw new RpcError(
      "ResourceExhausted",
      `Cannot send ttRPC message of ${data.length} bytes: the limit is ${maxDataSizeBytes}`,
    );
  }
  socket.cork();
  socket.write(encodeHeader({ sizeBytes: data.length, streamId, type, flags: 0 }));
  socket.write(data);
  socket.uncork();
}
