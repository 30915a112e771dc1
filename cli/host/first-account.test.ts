import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureFirstAccount, keepIn } from './first-account.ts'

/** A host that makes the account, and is ended before it has said so. */
async function startEnding() {
  const passwords: string[] = []
  const server = createServer((request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url?.includes('listRepos')) return answer(200, { repos: [] })
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      passwords.push(JSON.parse(text).password)
      if (passwords.length === 1) request.socket.destroy()
      else answer(400, { error: 'HandleNotAvailable', message: 'taken' })
    })
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, passwords, stop: () => server.close() }
}

test('the file has the password of the account, also where the start was ended that made it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'first-password')
  const host = await startEnding()
  const raw = { PDS_FIRST_HANDLE: 'alice.test', PDS_ADMIN_PASSWORD: 'x' }
  const start = () => ensureFirstAccount(host.origin, raw, keepIn(file))
  await expect(start()).rejects.toThrow('does not answer')
  expect(await start()).toBe('exists')
  expect(readFileSync(file, 'utf8').trim()).toBe(host.passwords[0])
  host.stop()
})
