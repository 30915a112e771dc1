/** A service that answers at once, in a process of its own: what a forwarded request goes to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** About what a page of a timeline has. */
const SMALL = JSON.stringify({
  feed: Array.from({ length: 50 }, (_, at) => ({ at, text: 'x'.repeat(200) })),
})
const LARGE = 50_000_000
const PIECE = Buffer.alloc(64 * 1024, 'x')

const server = createServer((request, response) => {
  if (!request.url?.startsWith('/xrpc/app.bsky.large')) {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(SMALL),
      'atproto-repo-rev': '3l2s5poxi422p',
    })
    response.end(SMALL)
    return
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': LARGE })
  let left = LARGE
  const more = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, left)
      left -= piece.byteLength
      if (!response.write(piece)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.once('disconnect', () => process.exit())
