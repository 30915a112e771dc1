/** Answers as a service may give them that is large, slow, broken or hostile. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { brotliCompressSync, gzipSync } from 'node:zlib'

/** What `com.example.compressed` compresses. */
export const PLAIN = JSON.stringify({ text: 'again and '.repeat(500) })
export const GZIPPED = gzipSync(PLAIN)
export const BROTLI = brotliCompressSync(PLAIN)

/** Size of the pieces of large answers, bytes. */
const PIECE = Buffer.alloc(64 * 1024, 'x')

/** The tokens with which each URL was asked for. */
const tokens = new Map<string, string[]>()

type Answer = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void

const answers: Record<string, Answer> = {
  /** Says what it got: the URL, the headers, and the length and hash of the body. */
  echo: async (request, response) => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of request) {
      bytes += (piece as Buffer).byteLength
      hash.update(piece as Buffer)
    }
    const { url, headers, method } = request
    sendJson(response, 200, { url, headers, method, bytes, sha256: hash.digest('hex') })
  },
  /** Something of a `type` that browsers show or run, with a policy that allows it everything. */
  page: (_, response, query) => {
    const type = query.get('type') ?? ''
    const policy = "default-src * 'unsafe-inline'"
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy })
    response.end('<script>alert(document.domain)</script>')
  },
  /** `size` bytes, with their length unless `chunked`. */
  large: (_, response, query) => {
    const size = Number(query.get('size'))
    const head: Record<string, string> = { 'content-type': 'application/octet-stream' }
    if (!query.has('chunked')) head['content-length'] = String(size)
    response.writeHead(200, head)
    let left = size
    const more = () => {
      while (left > 0) {
        const piece = PIECE.subarray(0, left)
        left -= piece.byteLength
        if (!response.write(piece)) return response.once('drain', more)
      }
      response.end()
    }
    more()
  },
  /** Nothing, for as long as one waits. */
  silent: () => {},
  /** A beginning, of `size` bytes if that is said, and then nothing. */
  stalled: (_, response, query) => {
    const size = query.get('size')
    response.writeHead(200, {
      'content-type': 'text/plain',
      ...(size && { 'content-length': size }),
    })
    response.write('a beginning')
  },
  /** A piece each 100 ms, `pieces` of them. */
  slow: (_, response, query) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    let left = Number(query.get('pieces'))
    const timer = setInterval(() => {
      if (left-- > 0) return void response.write('.')
      clearInterval(timer)
      response.end()
    }, 100)
  },
  /** Less than the `size` that was promised. */
  broken: (_, response, query) => {
    const size = Number(query.get('size'))
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': size })
    response.write('a beginning', () => response.destroy())
  },
  /** Hangs up without an answer the first `times` times that this very URL is asked for. */
  hangUp: (request, response, query) => {
    const key = `${request.method} ${request.url}`
    const seen = [...(tokens.get(key) ?? []), request.headers.authorization ?? '']
    tokens.set(key, seen)
    if (seen.length <= Number(query.get('times'))) return void request.socket.destroy()
    sendJson(response, 200, { count: seen.length, tokens: new Set(seen).size })
  },
  redirect: (_, response, query) => {
    response.writeHead(302, { location: query.get('to') ?? '/' }).end()
  },
  compressed: (request, response) => {
    const accepted = request.headers['accept-encoding'] ?? ''
    const [encoding, body] = accepted.includes('br')
      ? ['br', BROTLI]
      : accepted.includes('gzip')
        ? ['gzip', GZIPPED]
        : [undefined, Buffer.from(PLAIN)]
    const head = { 'content-type': 'application/json', 'content-length': body.byteLength }
    response.writeHead(200, encoding ? { ...head, 'content-encoding': encoding } : head).end(body)
  },
  /** The status, type and body that the query says, with spaces after it. */
  error: (_, response, query) => {
    const padding = ' '.repeat(Number(query.get('padding')))
    const body = Buffer.from(`${query.get('body') ?? ''}${padding}`)
    const encoding = query.get('encoding')
    response.writeHead(Number(query.get('status')), {
      'content-type': query.get('type') ?? 'application/json',
      'retry-after': '17',
      'x-secret': 'of the service',
      ...(encoding && { 'content-encoding': encoding }),
    })
    response.end(encoding === 'br' ? brotliCompressSync(body) : encoding ? gzipSync(body) : body)
  },
}

/** Answers methods under `com.example.` and `org.example.` in these ways, and leaves the others to `otherwise`. */
export function answerWildly(otherwise: RequestListener): RequestListener {
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const answer = answers[pathname.replace(/^\/xrpc\/(com|org)\.example\./, '')]
    if (answer) answer(request, response, searchParams)
    else otherwise(request, response)
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
