/**
 * A directory of did:plc identities for a host on this machine: the method's own server, with its log in a file. What is
 * made here stays here; identities of others are read from the public directory.
 */
import { appendFileSync, readFileSync, truncateSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IndexedOperation, OpOrTombstone } from '@did-plc/lib'
import { MockDatabase, PlcServer } from '@did-plc/server'
import { CID } from 'multiformats/cid'

/** Where identities are that are not of this machine. */
const PUBLIC = 'https://plc.directory'
/** ms */
const TIMEOUT = 5_000
/** Bytes of an answer of the public directory; a log of operations may have some. */
const MAX_ANSWER = 1024 * 1024

export interface PlcDirectory {
  /** `http://localhost:<port>`, for PDS_DID_PLC_URL and `plcDirectoryUrl`. */
  url: string
  stop(): Promise<void>
}

export interface PlcOptions {
  /** The log; made with the first operation. */
  file: string
  /** Wished for; another one is taken where it is in use. */
  port: number
  /** Where others' identities are read from. */
  upstream?: string
}

/** Listens on 127.0.0.1; does not keep the process alive. */
export async function startPlcDirectory(options: PlcOptions): Promise<PlcDirectory> {
  const { file, port, upstream = PUBLIC } = options
  const db = new FileDatabase(file)
  const { app } = PlcServer.create({ db })
  const server = createServer((request, response) => {
    const did = didOf(request)
    if (request.method === 'GET' && did !== undefined && !db.has(did)) {
      void passOn(upstream, request, response)
    } else app(request, response)
  })
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return listen(server, 0)
  })
  server.unref()
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })

/** The identity that a path is about: `/did:plc:…`, `/did:plc:…/data`. */
function didOf({ url = '' }: IncomingMessage): string | undefined {
  return /^\/(did(?::|%3A)plc(?::|%3A)[a-z2-7]{24})(?=[/?]|$)/i
    .exec(url)?.[1]
    ?.replace(/%3A/gi, ':')
}

/** Asks the public directory. Without a network nothing is known of others, which is not to say that they do not exist. */
async function passOn(
  upstream: string,
  { url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('access-control-allow-origin', '*')
  try {
    const answer = await fetch(`${upstream}${url}`, { signal: AbortSignal.timeout(TIMEOUT) })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body ?? []) {
      size += chunk.byteLength
      if (size > MAX_ANSWER) throw new RangeError('the answer is too large')
      chunks.push(chunk)
    }
    const type = answer.headers.get('content-type') ?? 'application/json'
    response.writeHead(answer.status, { 'content-type': type }).end(Buffer.concat(chunks))
  } catch (error) {
    const message = `Not an identity of this machine, and ${upstream} cannot be asked: ${String(error)}`
    response.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
  }
}

type Entry = Omit<IndexedOperation, 'cid' | 'createdAt'> & { cid: string; createdAt: string }

/** The server's database in memory, and a file with a line for each change: the whole log of one identity. */
class FileDatabase extends MockDatabase {
  readonly #file: string
  /** Operations are added one after the other, as the database of the real directory does it. */
  #adding: Promise<unknown> = Promise.resolve()

  constructor(file: string) {
    super()
    this.#file = file
    for (const entries of readLog(file)) {
      const did = entries[0]?.did
      if (did !== undefined) this.contents[did] = entries.map(revive)
    }
  }

  has(did: string): boolean {
    return (this.contents[did]?.length ?? 0) > 0
  }

  override validateAndAddOp(did: string, proposed: OpOrTombstone): Promise<void> {
    const added = this.#adding.then(async () => {
      await super.validateAndAddOp(did, proposed)
      const entries = this.contents[did]?.map((entry) => ({ ...entry, cid: entry.cid.toString() }))
      appendFileSync(this.#file, `${JSON.stringify(entries)}\n`, { mode: 0o600 })
    })
    this.#adding = added.catch(() => undefined)
    return added
  }
}

function readLog(file: string): Entry[][] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  // What stands after the last line break was cut off by a crash, and not acknowledged.
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  if (complete !== text) truncateSync(file, Buffer.byteLength(complete))
  const lines = complete.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Entry[])
}

const revive = ({ cid, createdAt, ...entry }: Entry): IndexedOperation => ({
  ...entry,
  // Of another version of the same library.
  cid: CID.parse(cid) as unknown as IndexedOperation['cid'],
  createdAt: new Date(createdAt),
})
