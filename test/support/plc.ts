/** A PLC directory in memory, the method's own server, for end-to-end tests. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Database, PlcServer } from '@did-plc/server'

export interface TestPlc {
  /** To be set as PDS_DID_PLC_URL. */
  url: string
  /** What was asked so far: `GET /did:plc:…`, in order. */
  requests: string[]
  /** Requests are held back until `release`; `reached` resolves when the first has come. */
  hold(): { reached: Promise<void>; release(): void }
  /** From now on it answers nothing but 503, until `repair`. */
  breakDown(): void
  repair(): void
  stop(): Promise<void>
}

export async function startPlc(): Promise<TestPlc> {
  const { app } = PlcServer.create({ db: Database.mock() })
  const requests: string[] = []
  let held = Promise.resolve()
  let reach = () => {}
  let isDown = false
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`)
    reach()
    await held
    if (isDown) response.writeHead(503).end()
    else app(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    // The reference PDS takes no IP address here.
    url: `http://localhost:${port}`,
    requests,
    hold() {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      reach = reached.resolve
      held = released.promise
      return { reached: reached.promise, release: released.resolve }
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
