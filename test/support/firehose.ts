import { Frame, type MessageFrame } from '@atproto/xrpc-server'
import { expect, vi } from 'vitest'

export interface FirehoseEvent {
  type: string
  body: Record<string, unknown>
}

/** A WebSocket on `subscribeRepos` that collects what arrives. */
export class FirehoseReader {
  readonly events: FirehoseEvent[] = []
  readonly #socket: WebSocket
  #changed: () => void = () => {}
  closeCode: number | undefined

  constructor(origin: string, cursor?: number | string) {
    const query = cursor === undefined ? '' : `?cursor=${cursor}`
    const url = `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos${query}`
    this.#socket = new WebSocket(url)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }) => {
      const frame = Frame.fromBytes(new Uint8Array(data as ArrayBuffer))
      const type = frame.isMessage() ? ((frame as MessageFrame).type ?? '') : 'error'
      this.events.push({ type, body: frame.body as Record<string, unknown> })
      this.#changed()
    })
    this.#socket.addEventListener('close', ({ code }) => {
      this.closeCode = code
      this.#changed()
    })
  }

  /** Resolves once the socket is open. */
  async opened(): Promise<this> {
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve) => this.#socket.addEventListener('open', resolve, { once: true }))
    }
    return this
  }

  /** Resolves when `done` holds of what has arrived; the test's own time limit is the other end. */
  async until(done: (reader: this) => boolean): Promise<void> {
    while (!done(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }

  close(): void {
    this.#socket.close()
  }
}

/** Resolves when the newest event has this number: events enter the log after the answer to who wrote. */
export const untilHead = (origin: string, head: number): Promise<void> =>
  vi.waitFor(async () => {
    const response = await fetch(`${origin}/xrpc/_health`)
    expect(await response.json()).toMatchObject({ firehose: { head } })
  })
