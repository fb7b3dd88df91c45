import type { Socket } from "node:net";

/** The body of a message that arrives on a socket, as a stream that reads the socket no faster than it is read. */
export class IncomingBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  private readonly socket: Socket;
  private controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  private isOver = false;
  private onPull: (() => void) | null = null;

  /** @param onCancel nobody will read on */
  constructor(socket: Socket, onCancel: () => void) {
    this.socket = socket;
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.controller = controller;
        },
        pull: () => this.pull(),
        cancel: () => {
          this.isOver = true;
          this.settle();
          onCancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Something keeps the program from ending while somebody waits for more: the socket itself does not. */
  private pull(): Promise<void> {
    this.socket.resume();
    const holding = setInterval(() => {}, 2 ** 30);
    return new Promise((resolve) => {
      this.onPull = () => {
        clearInterval(holding);
        resolve();
      };
    });
  }

  private settle(): void {
    const { onPull } = this;
    this.onPull = null;
    onPull?.();
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.isOver || start === end) return;
    this.controller.enqueue(Uint8Array.from(bytes.subarray(start, end)));
    this.settle();
    this.socket.pause();
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.controller.close();
    this.settle();
  }

  fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.controller.error(error);
    this.settle();
  }

  /** Reads the rest and throws it away. */
  discard(): void {
    this.isOver = true;
    this.settle();
    this.socket.resume();
  }
}
