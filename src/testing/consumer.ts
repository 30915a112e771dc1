/** Consumers of the firehose, for tests inside workerd. */
import { ErrorFrame, Frame, type MessageFrame } from '@atproto/xrpc-server'
import type { SequencerObject } from '../durable/sequencer.ts'

export interface ReceivedEvent {
  /** `#commit` and so on; `error` for an error frame. */
  type: string
  body: Record<string, unknown>
}

/** One connection to `subscribeRepos`. */
export interface Consumer {
  received: ReceivedEvent[]
  socket: WebSocket
  /** Resolves with the close code. */
  closed: Promise<number>
  /** Resolves once `done` holds of what has arrived. */
  until(done: () => boolean): Promise<void>
}

export async function listen(
  sequencer: DurableObjectStub<SequencerObject>,
  cursor?: string | number,
): Promise<Consumer> {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`
  const response = await sequencer.fetch(`http://sequencer/${query}`, {
    headers: { upgrade: 'websocket' },
  })
  const socket = response.webSocket
  if (!socket) throw new Error('no socket')
  return collect(socket)
}

/** Collects what arrives on a socket. */
export function collect(socket: WebSocket): Consumer {
  socket.binaryType = 'arraybuffer'
  const received: ReceivedEvent[] = []
  let changed = () => {}
  socket.addEventListener('message', ({ data }) => {
    const frame = Frame.fromBytes(new Uint8Array(data as ArrayBuffer))
    const type = frame instanceof ErrorFrame ? 'error' : ((frame as MessageFrame).type ?? '')
    received.push({ type, body: frame.body as Record<string, unknown> })
    changed()
  })
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => {
      resolve(code)
      changed()
    })
  })
  socket.accept()
  return {
    received,
    socket,
    closed,
    async until(done) {
      while (!done()) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
  }
}

/** A consumer that comes back with its cursor whenever its connection ends, as relays do. */
export class FaithfulConsumer {
  readonly received: ReceivedEvent[] = []
  readonly #stub: () => DurableObjectStub<SequencerObject>
  #cursor: number
  #changed: () => void = () => {}
  #stopped = false
  #socket: WebSocket | undefined

  constructor(stub: () => DurableObjectStub<SequencerObject>, cursor: number) {
    this.#stub = stub
    this.#cursor = cursor
    void this.#run()
  }

  async until(done: (received: readonly ReceivedEvent[]) => boolean): Promise<void> {
    while (!done(this.received)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }

  stop(): void {
    this.#stopped = true
    this.#socket?.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const consumer = await listen(this.#stub(), this.#cursor).catch(() => undefined)
      if (!consumer) continue
      this.#socket = consumer.socket
      let ended = false
      void consumer.closed.then(() => {
        ended = true
      })
      for (let taken = 0; ; ) {
        await consumer.until(() => ended || consumer.received.length > taken)
        for (; taken < consumer.received.length; taken++) this.#take(consumer.received[taken])
        if (ended) break
      }
    }
  }

  #take(event: ReceivedEvent | undefined): void {
    if (!event) return
    this.received.push(event)
    this.#cursor = Number(event.body.seq)
    this.#changed()
  }
}
