/** A host whose lookups of accounts are divided among more objects, and among fewer, with the process killed each time. */
import { afterAll, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer | undefined
afterAll(() => server?.stop())

/** Everybody is found by what they have, and signs in. */
async function expectAll(origin: string, accounts: readonly MadeAccount[]): Promise<void> {
  const get = async (method: string, query: string) => {
    const response = await fetch(`${origin}/xrpc/${method}?${query}`)
    return (await response.json()) as { did?: string; error?: string }
  }
  for (const { did, handle } of accounts) {
    expect(await get('com.atproto.identity.resolveHandle', `handle=${handle}`)).toEqual({ did })
    expect(await get('com.atproto.repo.describeRepo', `repo=${did}`)).toMatchObject({ handle })
  }
  expect(await get('com.atproto.repo.describeRepo', 'repo=nobody.test')).toMatchObject({
    error: 'RepoNotFound',
  })
  const [first] = accounts
  const session = await fetch(`${origin}/xrpc/com.atproto.server.createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: first?.handle, password: 'password of user0.test' }),
  })
  expect(session.status).toBe(200)
}

test('accounts are found whatever objects answer for them, those that were just made and renamed, too', async () => {
  let dataDirectory: string | undefined
  const accounts: MadeAccount[] = []
  for (const [round, shards] of [1, 3, 2, 3, 1].entries()) {
    const env = { PDS_DIRECTORY_SHARDS: String(shards), PDS_HANDLE_COOLDOWN_MS: '0' }
    const running = await startServer({ ...(dataDirectory && { dataDirectory }), env })
    server = running
    dataDirectory = running.dataDirectory
    await expectAll(running.origin, accounts.length > 0 ? accounts : await firstOf(running))
    accounts.push(...(await makeAccounts(running, 4)))
    const [renamed] = accounts
    if (!renamed) throw new Error('there is no account')
    renamed.handle = `renamed-${round}.test`
    const response = await fetch(`${running.origin}/xrpc/com.atproto.admin.updateAccountHandle`, {
      method: 'POST',
      headers: { authorization: operatorOf(running), 'content-type': 'application/json' },
      body: JSON.stringify({ did: renamed.did, handle: renamed.handle }),
    })
    expect(response.status).toBe(200)
    await running.stop('SIGKILL')
    server = undefined
  }
  const last = await startServer({ dataDirectory: dataDirectory ?? '' })
  server = last
  await expectAll(last.origin, accounts)

  /** The first round has none to look for yet. */
  async function firstOf(running: TestServer): Promise<MadeAccount[]> {
    accounts.push(...(await makeAccounts(running, 1)))
    return accounts
  }
}, 120_000)
