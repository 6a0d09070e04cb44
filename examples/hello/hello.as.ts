// AssemblyScript on WASI preview 1, without a library: greets, counts five steps 300 ms apart, exits with 0.

@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, iovs: usize, count: u32, written: usize): u16;
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, ready: usize): u16;
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): u16;
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, buffer: usize): u16;

const scratch = memory.data(64, 8);

function print(text: string): void {
  const bytes = String.UTF8.encode(text + "\n");
  store<u32>(scratch, changetype<usize>(bytes));
  store<u32>(scratch, bytes.byteLength, 4);
  fd_write(1, scratch, 1, scratch + 8);
}

function sleep(milliseconds: u64): void {
  const subscription = new ArrayBuffer(48);
  const pointer = changetype<usize>(subscription);
  store<u32>(pointer, 1, 16); // the monotonic clock
  store<u64>(pointer, milliseconds * 1_000_000, 24);
  poll_oneoff(pointer, changetype<usize>(new ArrayBuffer(32)), 1, scratch);
}

function environment(name: string, fallback: string): string {
  environ_sizes_get(scratch, scratch + 4);
  const pointers = new ArrayBuffer(load<u32>(scratch) * 4);
  const buffer = new ArrayBuffer(load<u32>(scratch + 4));
  environ_get(changetype<usize>(pointers), changetype<usize>(buffer));
  const entries = String.UTF8.decode(buffer).split("\0");
  for (let i = 0; i < entries.length; i++) {
    if (entries[i].startsWith(name + "=")) return entries[i].slice(name.length + 1);
  }
  return fallback;
}

export function _start(): void {
  print("Hello from a WebAssembly pod on " + environment("NODE_NAME", "a node"));
  for (let step = 1; step <= 5; step++) {
    print("step " + step.toString() + " of 5");
    sleep(300);
  }
  print("done");
}

function fail(message: usize, file: usize, line: u32, column: u32): void {
  unreachable();
}
