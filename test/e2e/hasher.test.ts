/** The process that hashes passwords for plain workerd, when it hangs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function signIn(password: string): Promise<number> {
  const { status } = await fetch(`${server.origin}/xrpc/com.atproto.server.createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: HANDLE, password }),
    signal: AbortSignal.timeout(20_000),
  })
  return status
}

test('sign-ins go on when it is stopped, and when it has come back', async () => {
  process.kill(server.pid, 'SIGSTOP')
  try {
    expect(await signIn(PASSWORD)).toBe(200)
    const before = performance.now()
    expect(await signIn('a wild guess')).toBe(401)
    // Those that follow do not wait for it.
    expect(performance.now() - before).toBeLessThan(4_000)
  } finally {
    process.kill(server.pid, 'SIGCONT')
  }
  expect(await signIn(PASSWORD)).toBe(200)
})
