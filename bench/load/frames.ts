/** A firehose consumer that knows when each frame arrived. */

/** Milliseconds. */
const PATIENCE = 10_000

/** Tells frames apart by the rev in their bytes; decoding them would take time of the client. */
export class Frames {
  readonly #socket: WebSocket
  readonly #frames: { time: number; bytes: Buffer }[] = []
  #arrived: () => void = () => {}

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      this.#frames.push({ time: performance.now(), bytes: Buffer.from(data as ArrayBuffer) })
      this.#arrived()
    })
  }

  static async open(origin: string): Promise<Frames> {
    const socket = new WebSocket(
      `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`,
    )
    socket.binaryType = 'arraybuffer'
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('no firehose')), { once: true })
    })
    return new Frames(socket)
  }

  /** Time at which the commit of that rev arrived; frames before it are forgotten. */
  async withRev(rev: string): Promise<number> {
    const deadline = performance.now() + PATIENCE
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
        if (frame.bytes.includes(rev)) return frame.time
      }
      if (performance.now() > deadline) throw new Error('no frame of the commit in 10 s')
      await this.#change()
    }
  }

  close(): void {
    this.#socket.close()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE)
      this.#arrived = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
