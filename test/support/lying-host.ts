/** Stands in front of a real host, and answers for it as a broken or hostile one would. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer as it came from the real host. */
export interface TrueAnswer {
  status: number
  body: Buffer
  /** What the host was sent. */
  asked: Buffer
}

export interface Lie {
  /** Whether it is about a request: method and path with query. */
  about(path: string): boolean
  /** How often; always, unless given. */
  times?: number
  tell(answer: TrueAnswer, response: ServerResponse): void | Promise<void>
}

export interface LyingHost {
  origin: string
  lies: Lie[]
  stop(): Promise<void>
}

/** Headers that belong to one connection, or to bytes that may be changed here. */
const DROPPED = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-encoding',
]

export async function startLyingHost(target: string): Promise<LyingHost> {
  const lies: Lie[] = []
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const headers = new Headers()
    for (const name of ['authorization', 'content-type']) {
      const value = request.headers[name]
      if (typeof value === 'string') headers.set(name, value)
    }
    const answer = await fetch(`${target}${path}`, {
      method: request.method ?? 'GET',
      headers,
      ...(request.method === 'POST' && { body: Buffer.concat(chunks) }),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    const { status } = answer
    const lie = lies.find((one) => one.about(path) && one.times !== 0)
    if (!lie) {
      const kept = [...answer.headers].filter(([name]) => !DROPPED.includes(name))
      response.writeHead(status, Object.fromEntries(kept)).end(body)
      return
    }
    if (lie.times !== undefined) lie.times--
    await lie.tell({ status, body, asked: Buffer.concat(chunks) }, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    lies,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const type = { 'content-type': 'application/octet-stream' }

/** What may be told instead of the truth. */
export const lies = {
  refuse:
    (status: number, error: string, headers: Record<string, string> = {}): Lie['tell'] =>
    (_, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify({ error, message: `${error}, as it says` }))
    },
  /** The truth, after something has happened. */
  after:
    (happens: () => Promise<unknown>): Lie['tell'] =>
    async ({ status, body }, response) => {
      await happens()
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    },
  flipByte: (({ body }, response) => {
    const changed = Buffer.from(body)
    const at = changed.byteLength - 1
    changed[at] = (changed[at] ?? 0) ^ 1
    response.writeHead(200, type).end(changed)
  }) satisfies Lie['tell'],
  /** Ends the answer as if it were whole. */
  truncate: (({ body }, response) => {
    response.writeHead(200, type).end(body.subarray(0, body.byteLength / 2))
  }) satisfies Lie['tell'],
  /** Sends half of it, and then nothing. */
  stall: (({ body }, response) => {
    response.writeHead(200, { ...type, 'content-length': String(body.byteLength) })
    response.write(body.subarray(0, body.byteLength / 2))
  }) satisfies Lie['tell'],
}
