/** A DNS-over-HTTPS resolver that knows what the test tells it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestDns {
  /** To be set as PDS_DOH_URL. */
  url: string
  /** TXT records by name; a handle's is `_atproto.<handle>`. */
  records: Map<string, string[]>
  /** Names asked for so far. */
  requests: string[]
  /** What they said of who sent them. */
  userAgents: Set<string | undefined>
  stop(): Promise<void>
}

export async function startDns(): Promise<TestDns> {
  const records = new Map<string, string[]>()
  const requests: string[] = []
  const userAgents = new Set<string | undefined>()
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://localhost').searchParams.get('name') ?? ''
    requests.push(name)
    userAgents.add(request.headers['user-agent'])
    const found = records.get(name)
    const Answer = found?.map((text) => ({ name, type: 16, TTL: 300, data: `"${text}"` }))
    response.setHeader('content-type', 'application/dns-json')
    response.end(JSON.stringify({ Status: found ? 0 : 3, Answer }))
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}/dns-query`,
    records,
    requests,
    userAgents,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
