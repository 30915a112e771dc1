/** A service that answers at once, in a process of its own: what a forwarded request goes to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** About what a page of a timeline has. */
const SMALL = Buffer.from(
  JSON.stringify({ feed: Array.from({ length: 50 }, (_, at) => ({ at, text: 'x'.repeat(200) })) }),
)
const LARGE = Buffer.alloc(50_000_000, 'x')

const server = createServer((request, response) => {
  const large = request.url?.startsWith('/xrpc/app.bsky.large')
  const body = large ? LARGE : SMALL
  response.writeHead(200, {
    'content-type': large ? 'application/octet-stream' : 'application/json',
    'content-length': body.byteLength,
    'atproto-repo-rev': '3l2s5poxi422p',
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.once('disconnect', () => process.exit())
