import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCumulus } from '../../test/support/command.ts'
import { HANDLE, startServer, type TestServer } from '../../test/support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** Runs the command as the operator of the server would, beside it. */
const run = (args: string[], env: Record<string, string> = {}) =>
  runCumulus(['passkey', ...args], {
    PDS_PORT: new URL(server.origin).port,
    PDS_DATA_DIRECTORY: server.dataDirectory,
    ...env,
  })

/** Whether a link is good, as its page finds out. */
async function isGood(url: string): Promise<boolean> {
  const [did, token] = new URL(url).hash.slice(1).split('/').map(decodeURIComponent)
  const response = await fetch(`${server.origin}/settings/passkey/options`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ did, token }),
  })
  return response.ok
}

test('a link is printed with a QR code, and the one before it works no more', async () => {
  const { code, output } = await run(['--account', HANDLE])
  expect(code).toBe(0)
  expect(output).toContain(`@${HANDLE}`)
  expect(output).toMatch(/[█▀▄]{5}/)
  const url = /http:\S+/.exec(output)?.[0] ?? ''
  expect(await isGood(url)).toBe(true)
  const { url: next } = JSON.parse((await run(['--account', HANDLE, '--json'])).output)
  expect(await isGood(next)).toBe(true)
  expect(await isGood(url)).toBe(false)
})

test('mistakes get a sentence that helps', async () => {
  expect(await run(['--account', 'nobody.test'])).toEqual({
    code: 1,
    output: 'There is no account nobody.test on this host\n',
  })
  const wrong = await run(['--account', HANDLE], { PDS_ADMIN_PASSWORD: 'wrong' })
  expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('PDS_ADMIN_PASSWORD') })
  const nowhere = await run(['--account', HANDLE, '--host', 'http://127.0.0.1:9'])
  expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('No server answers') })
})
