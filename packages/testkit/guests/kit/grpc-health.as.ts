// gRPC's health service over HTTP/2 without TLS, for clients that know beforehand that it is HTTP/2: RFC 9113, RFC 7541 and grpc.health.v1.
//
// What no probe needs is left out: headers of requests are not decoded, so that every call is taken for Check; what is sent is too small for
// flow control to matter; there is one service, the one without a name.
import { exists } from "./io.as";
import { Connection, Server } from "./server.as";

const dataFrame: u8 = 0;
const headersFrame: u8 = 1;
const resetFrame: u8 = 3;
const settingsFrame: u8 = 4;
const pingFrame: u8 = 6;
const goAwayFrame: u8 = 7;
const windowUpdateFrame: u8 = 8;

/** Of SETTINGS and PING. */
const acknowledged: u8 = 1;
const endStream: u8 = 1;
const endHeaders: u8 = 4;
const padded: u8 = 8;

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const headSize = 9;
const maxFrameSize = 16384;
const connectionStream: u32 = 0;

const serving: u8 = 1;
const notServing: u8 = 2;
const notFound = "5";

export class HealthServer extends Server {
  constructor(private path: string) {
    super();
  }
  connected(fd: u32, _socket: string): Connection {
    return new HealthConnection(fd, this);
  }
  get isOpen(): bool {
    return true;
  }
  get isHealthy(): bool {
    return exists(this.path);
  }
}

class HealthConnection extends Connection {
  private input: Uint8Array = new Uint8Array(0);
  private greeted: bool = false;
  /** Messages of calls that have not been sent to their end, by stream. */
  private calls: Map<u32, Uint8Array> = new Map<u32, Uint8Array>();

  constructor(fd: u32, private server: HealthServer) {
    super(fd);
  }

  receive(bytes: Uint8Array): bool {
    this.input = joined(this.input, bytes);
    if (!this.greeted) {
      if (this.input.length < preface.length) return true;
      if (String.UTF8.decode(this.input.slice(0, preface.length).buffer) != preface) return false;
      this.input = this.input.slice(preface.length);
      this.greeted = true;
      if (!this.frame(settingsFrame, 0, connectionStream, new Uint8Array(0))) return false;
    }
    while (this.input.length >= headSize) {
      const size = <i32>numberAt(this.input, 0, 3);
      if (size > maxFrameSize) return false;
      if (this.input.length < headSize + size) return true;
      const type = this.input[3];
      const flags = this.input[4];
      const stream = numberAt(this.input, 5, 4) & 0x7fffffff;
      const payload = this.input.slice(headSize, headSize + size);
      this.input = this.input.slice(headSize + size);
      if (!this.take(type, flags, stream, payload)) return false;
    }
    return true;
  }

  private take(type: u8, flags: u8, stream: u32, payload: Uint8Array): bool {
    if (type == settingsFrame || type == pingFrame) {
      if ((flags & acknowledged) != 0) return true;
      return this.frame(type, acknowledged, connectionStream, type == pingFrame ? payload : new Uint8Array(0));
    }
    if (type == goAwayFrame) return false;
    if (type == resetFrame) this.calls.delete(stream);
    if (type == headersFrame) {
      this.calls.set(stream, new Uint8Array(0));
      return (flags & endStream) == 0 || this.answer(stream);
    }
    if (type == dataFrame && this.calls.has(stream)) {
      const part = (flags & padded) == 0 ? payload : payload.slice(1, payload.length - payload[0]);
      this.calls.set(stream, joined(this.calls.get(stream), part));
      if (payload.length > 0 && !this.frame(windowUpdateFrame, 0, connectionStream, number(payload.length, 4))) return false;
      return (flags & endStream) == 0 || this.answer(stream);
    }
    return true;
  }

  private answer(stream: u32): bool {
    const call = this.calls.get(stream);
    this.calls.delete(stream);
    const start = joined(status200(), header("content-type", "application/grpc"));
    // A head of five bytes, then the message, which is empty where it names no service.
    if (call.length > 5) {
      const end = joined(header("grpc-status", notFound), header("grpc-message", "unknown service"));
      return this.frame(headersFrame, endHeaders | endStream, stream, joined(start, end));
    }
    const status = this.server.isHealthy ? serving : notServing;
    const message = joined(number(0, 1), joined(number(2, 4), joined(number(0x08, 1), number(status, 1))));
    return (
      this.frame(headersFrame, endHeaders, stream, start) &&
      this.frame(dataFrame, 0, stream, message) &&
      this.frame(headersFrame, endHeaders | endStream, stream, header("grpc-status", "0"))
    );
  }

  private frame(type: u8, flags: u8, stream: u32, payload: Uint8Array): bool {
    const kind = joined(number(payload.length, 3), joined(number(type, 1), number(flags, 1)));
    return this.send(joined(joined(kind, number(stream, 4)), payload).buffer);
  }
}

/** The field ":status: 200", which has a number of its own. */
function status200(): Uint8Array {
  return number(0x88, 1);
}

/** A field with a new name that is not to be remembered, neither of them compressed. */
function header(name: string, value: string): Uint8Array {
  return joined(number(0, 1), joined(text(name), text(value)));
}

function text(value: string): Uint8Array {
  return joined(number(value.length, 1), Uint8Array.wrap(String.UTF8.encode(value)));
}

/** A number in network order. */
function number(value: u32, size: i32): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = <u8>(value >> (8 * (size - 1 - i)));
  return bytes;
}

function numberAt(bytes: Uint8Array, at: i32, size: i32): u32 {
  let value: u32 = 0;
  for (let i = 0; i < size; i++) value = (value << 8) | bytes[at + i];
  return value;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
