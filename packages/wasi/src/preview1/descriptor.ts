import type { DirectoryHandle, FileHandle } from "../files/file-system.ts";
import type { ListeningSocket, StreamSocket } from "../sockets.ts";
import type { ByteSink, ByteSource } from "../streams.ts";
import { FileType } from "./abi.ts";
import { AcceptQueue } from "./accept-queue.ts";
import { DirectoryCursor } from "./directory-cursor.ts";
import { InputBuffer } from "./input-buffer.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { inputRights, listenerRights, outputRights, socketRights } from "./rights.ts";

interface Rights {
  /** What may be done with the descriptor itself. */
  rights: number;
  /** What descriptors opened through it may get. */
  inheriting: number;
  flags: number;
}

/** An open regular file with its offset. */
export class FileDescriptor implements Rights {
  readonly kind = "file";
  readonly fileType: FileType = FileType.regularFile;
  readonly file: FileHandle;
  rights: number;
  inheriting: number;
  flags: number;
  position = 0;

  constructor(file: FileHandle, rights: number, inheriting: number, flags: number) {
    this.file = file;
    this.rights = rights;
    this.inheriting = inheriting;
    this.flags = flags;
  }

  close(): void {
    this.file.close();
  }
}

/** An open directory, perhaps one that the guest found open. */
export class DirectoryDescriptor implements Rights {
  readonly kind = "directory";
  readonly fileType: FileType = FileType.directory;
  readonly handle: DirectoryHandle;
  readonly preopenPath: string | undefined;
  rights: number;
  inheriting: number;
  flags = 0;
  #cursor: DirectoryCursor | undefined;

  constructor(handle: DirectoryHandle, rights: number, inheriting: number, preopenPath?: string) {
    this.handle = handle;
    this.rights = rights;
    this.inheriting = inheriting;
    this.preopenPath = preopenPath;
  }

  get cursor(): DirectoryCursor {
    this.#cursor ??= new DirectoryCursor(this.handle);
    return this.#cursor;
  }

  close(): void {
    this.#cursor?.close();
    this.handle.close();
  }
}

/** Standard input or output, or a connected socket. */
export class StreamDescriptor implements Rights {
  readonly kind = "stream";
  readonly fileType: FileType;
  readonly input: InputBuffer | undefined;
  readonly output: OutputBuffer | undefined;
  readonly socket: StreamSocket | undefined;
  /** Whether it is a socket that the guest found open. */
  readonly preopened: boolean;
  rights: number;
  inheriting = 0;
  flags = 0;

  private constructor(
    fileType: FileType,
    rights: number,
    source: ByteSource | undefined,
    sink: ByteSink | undefined,
    socket?: StreamSocket,
    preopened = false,
  ) {
    this.fileType = fileType;
    this.rights = rights;
    this.input = source === undefined ? undefined : new InputBuffer(source);
    this.output = sink === undefined ? undefined : new OutputBuffer(sink);
    this.socket = socket;
    this.preopened = preopened;
  }

  static ofSource(source: ByteSource, fileType: FileType): StreamDescriptor {
    return new StreamDescriptor(fileType, inputRights, source, undefined);
  }

  static ofSink(sink: ByteSink, fileType: FileType): StreamDescriptor {
    return new StreamDescriptor(fileType, outputRights, undefined, sink);
  }

  static ofSocket(socket: StreamSocket, { preopened }: { readonly preopened: boolean }): StreamDescriptor {
    return new StreamDescriptor(FileType.socketStream, socketRights, socket, socket, socket, preopened);
  }

  close(): void {
    this.socket?.close();
  }
}

/** A listening socket that the guest found open; there is no way to make another. */
export class ListenerDescriptor implements Rights {
  readonly kind = "listener";
  readonly fileType: FileType = FileType.socketStream;
  readonly queue: AcceptQueue;
  readonly preopened = true;
  rights: number = listenerRights;
  inheriting: number = socketRights;
  flags = 0;
  readonly #socket: ListeningSocket;

  constructor(socket: ListeningSocket) {
    this.#socket = socket;
    this.queue = new AcceptQueue(socket);
  }

  close(): void {
    this.queue.close();
    this.#socket.close();
  }
}

export type Descriptor = FileDescriptor | DirectoryDescriptor | StreamDescriptor | ListenerDescriptor;
