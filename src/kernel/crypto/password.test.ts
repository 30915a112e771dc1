import { describe, expect, test, vi } from 'vitest'
import { inlineLeases, PasswordHasher } from './password.ts'
import { type HasherService, RemoteHasher } from './remote-hasher.ts'
import { TooManyWaitingError } from './too-many-waiting.ts'

/** @param timeout ms; a short one only where no answer is to come */
function hasherWith(fetch: HasherService['fetch'], timeout = 10_000) {
  const asked = vi.fn(fetch)
  const remote = new RemoteHasher({ fetch: asked }, timeout)
  return { hasher: new PasswordHasher({ key: 'a', remote, leases: inlineLeases() }), asked }
}

/** A process that takes requests and never answers. */
const stopped: HasherService['fetch'] = (_, { signal }) =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')))
  })

describe('with another process', () => {
  test('that answers, nothing is hashed here', async () => {
    const { hasher, asked } = hasherWith(async () => new Response(new Uint8Array(64).fill(7)))
    expect(await hasher.hash('secret')).toMatch(/^scrypt\$16384\$8\$1\$[0-9a-f]{32}\$(07){64}$/)
    expect(asked).toHaveBeenCalledOnce()
  })

  test('that does not answer, the hash is made here, and those that follow do not wait for it', async () => {
    const { hasher, asked } = hasherWith(stopped, 50)
    const stored = await hasher.hash('secret')
    expect(await hasher.verify('secret', stored)).toBe(true)
    expect(await hasher.verify('another', stored)).toBe(false)
    expect(asked).toHaveBeenCalledOnce()
  })

  test('that cannot be reached, the hash is made here, and it is asked again', async () => {
    const { hasher, asked } = hasherWith(async () => {
      throw new Error('connection refused')
    })
    expect(await hasher.verify('secret', await hasher.hash('secret'))).toBe(true)
    expect(asked).toHaveBeenCalledTimes(2)
  })

  test('that has too much to do, nothing is hashed here in its place', async () => {
    const { hasher } = hasherWith(async () => new Response(null, { status: 429 }))
    await expect(hasher.hash('secret')).rejects.toThrow(TooManyWaitingError)
  })
})
