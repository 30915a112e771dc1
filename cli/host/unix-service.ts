/** A helper of the server in this process: an HTTP service on a Unix socket, in a folder that nobody else may enter. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface UnixService {
  /** Path of the socket. */
  socket: string
  stop(): void
}

/** Listens; does not keep the process alive. @param name for the folder */
export async function startUnixService(
  name: string,
  listener: RequestListener,
): Promise<UnixService> {
  const folder = mkdtempSync(join(tmpdir(), `cumulus-${name}-`))
  const socket = join(folder, 'socket')
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socket, resolve)
  })
  server.unref()
  return {
    socket,
    stop() {
      server.close()
      server.closeAllConnections()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The text that a request brings. @throws RangeError where it has more than `limit` bytes */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > limit) throw new RangeError('the request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
