// The workload kit: a WASI preview 1 program that does what its arguments say, one command after the other, and then exits with 0.
//
//   print TEXT          a line on standard output          error TEXT         a line on standard error
//   arguments           its arguments, one a line          env NAME           the variable's value
//   environment         all variables, one a line          stdin              standard input, copied to standard output
//   cat PATH            the file, to standard output       list PATH          the directory's names, one a line
//   write PATH TEXT     replaces the file                  append PATH TEXT   adds to the file
//   await PATH          returns when the file exists       fail-once PATH N   makes the file and exits N, if it is not there
//   relink PATH TARGET  makes a link, in the place of an empty directory if there is one
//   sleep MS            returns after that time            hold               sleeps for ever
//   tick MS             a numbered line each MS, for ever  lines COUNT SIZE   numbered lines of SIZE bytes
//   allocate MIB        grows memory and writes to it      spin               computes for ever
//   serve TEXT          answers HTTP requests on the sockets it finds open with the text and the port's name, for ever
//   serve-once TEXT     the same, for one request
//   serve-files PATH    answers HTTP requests with the directory's files, and with 404 for what is not there
//   serve-tcp PATH      sends back what it receives, as long as the file exists; then closes its sockets and goes on
//   serve-grpc PATH     answers grpc.health.v1.Health/Check: SERVING while the file exists, NOT_SERVING otherwise
//   exit CODE           ends                               trap               executes `unreachable`
//   overflow            calls itself until the stack ends

import { HealthServer } from "./kit/grpc-health.as";
import { FileServer, TextServer } from "./kit/http.as";
import { cat, commandLine, copy, environment, exists, fail, list, print, put, relink, send, sleep } from "./kit/io.as";
import { EchoServer, serve } from "./kit/server.as";
import { appending, proc_exit, truncate } from "./kit/wasi.as";

function allocate(mebibytes: i32): void {
  const before = memory.grow(mebibytes * 16);
  if (before < 0) return print("refused " + mebibytes.toString() + " MiB");
  for (let page = 0; page < mebibytes * 16; page++) store<u8>((<usize>(before + page)) << 16, 1);
  print("allocated " + mebibytes.toString() + " MiB");
}

function overflow(depth: u64): u64 {
  return overflow(depth + 1) + depth;
}

let spinning: u64 = 0;

class Arguments {
  constructor(private all: string[], private at: i32) {}
  get more(): bool {
    return this.at < this.all.length;
  }
  next(): string {
    if (!this.more) fail(this.all[this.at - 1] + " needs another argument");
    return this.all[this.at++];
  }
}

function run(command: string, args: Arguments): bool {
  if (command == "print") print(args.next());
  else if (command == "error") send(2, String.UTF8.encode(args.next() + "\n"));
  else if (command == "arguments") {
    const all = commandLine();
    for (let i = 0; i < all.length; i++) print(all[i]);
  } else if (command == "env") {
    const name = args.next();
    const all = environment();
    for (let i = 0; i < all.length; i++) if (all[i].startsWith(name + "=")) print(all[i].slice(name.length + 1));
  } else if (command == "environment") {
    const all = environment();
    for (let i = 0; i < all.length; i++) print(all[i]);
  } else if (command == "stdin") copy(0);
  else if (command == "cat") cat(args.next());
  else if (command == "list") list(args.next());
  else if (command == "write") put(args.next(), args.next(), truncate, 0);
  else if (command == "append") put(args.next(), args.next(), 0, appending);
  else if (command == "relink") relink(args.next(), args.next());
  else if (command == "await") {
    const path = args.next();
    while (!exists(path)) sleep(10);
  } else if (command == "fail-once") {
    const path = args.next();
    const code = <u32>parseInt(args.next());
    if (!exists(path)) {
      put(path, "", 0, 0);
      proc_exit(code);
    }
  } else if (command == "sleep") sleep(<u64>parseInt(args.next()));
  else return runForever(command, args);
  return true;
}

function runForever(command: string, args: Arguments): bool {
  if (command == "hold") while (true) sleep(3_600_000);
  else if (command == "tick") {
    const milliseconds = <u64>parseInt(args.next());
    for (let count = 1; ; count++) {
      print("tick " + count.toString());
      sleep(milliseconds);
    }
  } else if (command == "lines") {
    const count = <i32>parseInt(args.next());
    const size = <i32>parseInt(args.next());
    for (let i = 1; i <= count; i++) print((i.toString() + " ").padEnd(size - 1, "x"));
  } else if (command == "allocate") allocate(<i32>parseInt(args.next()));
  else if (command == "serve") serve(new TextServer(args.next(), false));
  else if (command == "serve-once") serve(new TextServer(args.next(), true));
  else if (command == "serve-files") serve(new FileServer(args.next()));
  else if (command == "serve-tcp") {
    serve(new EchoServer(args.next()));
    while (true) sleep(3_600_000);
  } else if (command == "serve-grpc") serve(new HealthServer(args.next()));
  else if (command == "spin") while (true) spinning++;
  else if (command == "exit") proc_exit(<u32>parseInt(args.next()));
  else if (command == "trap") unreachable();
  else if (command == "overflow") print(overflow(0).toString());
  else return false;
  return true;
}

export function _start(): void {
  const args = new Arguments(commandLine(), 1);
  while (args.more) {
    const command = args.next();
    if (!run(command, args)) {
      send(2, String.UTF8.encode('unknown command "' + command + '"\n'));
      proc_exit(64);
    }
  }
}

export function abort(message: usize, file: usize, line: u32, column: u32): void {
  unreachable();
}
