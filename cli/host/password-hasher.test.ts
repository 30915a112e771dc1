import { scryptSync } from 'node:crypto'
import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HashRequest } from '../../src/kernel/crypto/remote-hasher.ts'
import { startPasswordHasher } from './password-hasher.ts'
import type { UnixService } from './unix-service.ts'

let hasher: UnixService

beforeEach(async () => {
  hasher = await startPasswordHasher()
})
afterEach(() => hasher.stop())

const asked: HashRequest = {
  key: 'a',
  password: 'secret',
  salt: '00'.repeat(16),
  N: 16_384,
  r: 8,
  p: 1,
  keyLength: 64,
}

const ask = (body: unknown): Promise<{ status: number; key: Buffer }> =>
  new Promise((resolve, reject) => {
    request({ socketPath: hasher.socket, method: 'POST' }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, key: Buffer.concat(chunks) })
    })
      .on('error', reject)
      .end(JSON.stringify(body))
  })

test('answers with the key', async () => {
  const { status, key } = await ask(asked)
  expect(status).toBe(200)
  expect(key).toEqual(scryptSync('secret', Buffer.alloc(16), 64))
})

test('refuses what is no request', async () => {
  expect((await ask({ ...asked, N: 3 })).status).toBe(400)
  expect((await ask({ ...asked, password: 'x'.repeat(9000) })).status).toBe(400)
})

test('who asks for too much at once is refused some of it, while another is answered', async () => {
  const flood = Promise.all(Array.from({ length: 120 }, () => ask(asked)))
  const other = await ask({ ...asked, key: 'b' })
  expect(other.status).toBe(200)
  const statuses = (await flood).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
})
