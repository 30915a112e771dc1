/** The Chrome DevTools Protocol, as far as the benchmark needs it. */

interface Reply {
  id?: number
  result?: unknown
  error?: { message: string }
}

/** V8 of a workerd that was started with an inspector port. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(e: Error): void }>()
  #id = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the inspector went away'))
      this.#waiting.clear()
    })
  }

  static async connect(port: number): Promise<Inspector> {
    const targets = await fetch(`http://127.0.0.1:${port}/json`)
    const [target] = (await targets.json()) as { webSocketDebuggerUrl: string }[]
    if (!target) throw new Error('workerd has nothing to inspect')
    const socket = new WebSocket(target.webSocketDebuggerUrl)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('no inspector')), { once: true })
    })
    return new Inspector(socket)
  }

  send<T>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#id
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    }) as Promise<T>
  }

  close(): void {
    this.#socket.close()
  }

  #receive({ id, result, error }: Reply): void {
    const waiting = this.#waiting.get(id ?? -1)
    if (!waiting) return
    this.#waiting.delete(id ?? -1)
    if (error) waiting.reject(new Error(error.message))
    else waiting.resolve(result)
  }
}
