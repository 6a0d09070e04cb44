// HTTP/1.1 servers that answer one request for each connection, of which only the first bytes are read.
import { read } from "./io.as";
import { Connection, Server } from "./server.as";

/** Answers with a text and the socket's name; `once` to end after that. */
export class TextServer extends Server {
  answered: bool = false;
  constructor(public text: string, private once: bool) {
    super();
  }
  connected(fd: u32, socket: string): Connection {
    return new TextConnection(fd, this, this.text + " on " + socket);
  }
  get isOpen(): bool {
    return !(this.once && this.answered);
  }
}

class TextConnection extends Connection {
  constructor(fd: u32, private server: TextServer, private text: string) {
    super(fd);
  }
  receive(_bytes: Uint8Array): bool {
    this.send(response("200 OK", Uint8Array.wrap(String.UTF8.encode(this.text))));
    this.server.answered = true;
    return false;
  }
}

/** Answers with the files of a directory. */
export class FileServer extends Server {
  constructor(private directory: string) {
    super();
  }
  connected(fd: u32, _socket: string): Connection {
    return new FileConnection(fd, this.directory);
  }
  get isOpen(): bool {
    return true;
  }
}

class FileConnection extends Connection {
  constructor(fd: u32, private directory: string) {
    super(fd);
  }
  receive(bytes: Uint8Array): bool {
    const words = String.UTF8.decode(bytes.buffer).split(" ");
    const file = read(this.directory + (words.length < 2 ? "" : words[1]));
    if (file == null) this.send(response("404 Not Found", new Uint8Array(0)));
    else this.send(response("200 OK", file));
    return false;
  }
}

function response(status: string, body: Uint8Array): ArrayBuffer {
  const text = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + body.length.toString() + "\r\n\r\n";
  const head = Uint8Array.wrap(String.UTF8.encode(text));
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole.buffer;
}
