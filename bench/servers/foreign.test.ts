/** What is no PDS is told apart from one. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ForeignServer } from './foreign.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serving(listener: RequestListener) {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return ForeignServer.open({ kind: 'foreign', origin: `http://127.0.0.1:${port}`, name: 'peer' })
}

test('a server that describes itself as something else is no PDS', async () => {
  for (const body of ['<html>', '{}', 'null', '"x"']) {
    await expect(serving((_, answer) => answer.end(body))).rejects.toThrow(
      'does not describe itself as a PDS',
    )
  }
  const pds = await serving((_, answer) => answer.end('{"availableUserDomains":[".example"]}'))
  expect(pds.signUp).toMatchObject({ did: ['plc'], domain: '.example' })
})
