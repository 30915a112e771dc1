/** The port of a host in development. Connections that come while workerd is started anew wait for it. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LOOPBACK } from '../settings/local.ts'

export class Front {
  readonly #server: Server
  #target = Promise.withResolvers<number>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => void this.#passOn(socket))
  }

  /** Listens on 127.0.0.1. */
  static async listen(port: number): Promise<Front> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, LOOPBACK, resolve)
    })
    return new Front(server)
  }

  /** New connections wait from now on. */
  hold(): void {
    this.#target = Promise.withResolvers()
  }

  /** Connections go to this port of this machine. */
  lead(port: number): void {
    this.#target.resolve(port)
  }

  close(): void {
    this.#server.close()
  }

  async #passOn(outer: Socket): Promise<void> {
    // Whoever is gone, or cut off by a new start, is of no interest.
    outer.on('error', () => undefined)
    const inner = connect(await this.#target.promise, LOOPBACK)
    inner.on('error', () => outer.destroy())
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
    inner.setNoDelay(true)
    outer.setNoDelay(true)
    outer.pipe(inner).pipe(outer)
  }
}
