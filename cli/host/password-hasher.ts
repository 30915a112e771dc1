/**
 * Hashes passwords beside workerd, which runs all JavaScript on one thread: a hash there would keep everybody waiting
 * for as long as it takes. Node hashes on threads of its own.
 */
import { scrypt } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { availableParallelism } from 'node:os'
import type { HashRequest } from '../../src/kernel/crypto/remote-hasher.ts'
import { FairQueue, QueueFullError } from './fair-queue.ts'
import { readBody, startUnixService, type UnixService } from './unix-service.ts'

/** Bytes; a password has 512 characters at most. */
const MAX_BODY = 8 * 1024
/** Bytes that one hash may take in memory. */
const MAX_MEMORY = 64 * 1024 * 1024

/** One core is the server's, which has but one thread. The wait is less than what workerd waits for an answer. */
const QUEUE = {
  atOnce: Math.min(2, Math.max(1, availableParallelism() - 1)),
  waiting: 64,
  maxWait: 3_000,
}

/** Listens on a Unix socket; does not keep the process alive. */
export function startPasswordHasher(): Promise<UnixService> {
  const queue = new FairQueue(QUEUE)
  return startUnixService('hasher', (request, response) => answer(queue, request, response))
}

async function answer(
  queue: FairQueue,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const asked = JSON.parse(await readBody(request, MAX_BODY)) as HashRequest
    const key = await queue.run(asked.key, () => derive(asked), gone.signal)
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(key)
  } catch (error) {
    // Not said why: the text may hold the password.
    response.writeHead(error instanceof QueueFullError ? 429 : 400).end()
  }
}

function derive({ password, salt, N, r, p, keyLength }: HashRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: MAX_MEMORY }
    scrypt(password, Buffer.from(salt, 'hex'), keyLength, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
