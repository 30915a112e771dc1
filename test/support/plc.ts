/** A PLC directory in memory, the method's own server, for end-to-end tests. */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Database, PlcServer } from '@did-plc/server'

export interface TestPlc {
  /** To be set as PDS_DID_PLC_URL. */
  url: string
  /** What was asked so far: `GET /did:plc:…`, in order. */
  requests: string[]
  /** What they said of who sent them. */
  userAgents: Set<string | undefined>
  /** Requests are held back until `release`; `reached` resolves when the first has come. */
  hold(): { reached: Promise<void>; release(): void }
  /** Answers to `POST` are applied, and broken off after so many bytes; undefined: not any more. */
  breakOffAfter(bytes: number | undefined): void
  /** From now on it answers nothing but 503, until `repair`. */
  breakDown(): void
  repair(): void
  stop(): Promise<void>
}

export async function startPlc(): Promise<TestPlc> {
  const { app } = PlcServer.create({ db: Database.mock() })
  const requests: string[] = []
  const userAgents = new Set<string | undefined>()
  let held = Promise.resolve()
  let reach = () => {}
  let isDown = false
  let answered: number | undefined
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`)
    userAgents.add(request.headers['user-agent'])
    reach()
    await held
    if (isDown) response.writeHead(503).end()
    else {
      if (request.method === 'POST' && answered !== undefined) breakOff(request.socket, answered)
      app(request, response)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    // The reference PDS takes no IP address here.
    url: `http://localhost:${port}`,
    requests,
    userAgents,
    hold() {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      reach = reached.resolve
      held = released.promise
      return { reached: reached.promise, release: released.resolve }
    },
    breakOffAfter(bytes) {
      answered = bytes
    },
    breakDown() {
      isDown = true
    },
    repair() {
      isDown = false
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Lets so many bytes through, and ends the connection at the next. */
function breakOff(socket: Socket, bytes: number): void {
  let left = bytes
  const write = socket.write.bind(socket)
  socket.write = (chunk: string | Uint8Array, ...more: never[]) => {
    const buffer = Buffer.from(chunk as Uint8Array)
    if (buffer.byteLength <= left) {
      left -= buffer.byteLength
      return write(buffer, ...more)
    }
    write(buffer.subarray(0, left), () => socket.destroy())
    return false
  }
}
