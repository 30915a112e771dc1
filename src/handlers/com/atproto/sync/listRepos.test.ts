import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, test } from 'vitest'
import { accountStub, hostObjects, sequencerStub } from '#src/services/objects/stubs.ts'
import { callAs, makeAccount, send, type TestAccount } from '#src/testing/host.ts'
import { ring } from '#src/testing/settle.ts'

interface Listing {
  repos: { did: string; head: string; rev: string; active: boolean; status?: string }[]
  cursor?: string
}

let accounts: TestAccount[]

beforeAll(async () => {
  accounts = []
  for (let count = 0; count < 5; count++) accounts.push(await makeAccount())
})

const list = async (query = ''): Promise<Listing> =>
  (await send(`/xrpc/com.atproto.sync.listRepos${query}`)).json()

const entry = async ({ did }: TestAccount) => (await list()).repos.find((repo) => repo.did === did)

test('accounts are listed in the order in which they are made, as soon as they are, a page at a time, without gap or repeat', async () => {
  const pages: Listing[] = [await list('?limit=2')]
  for (let last = pages[0]; last?.cursor; last = pages.at(-1)) {
    pages.push(await list(`?limit=2&cursor=${encodeURIComponent(last.cursor)}`))
  }
  expect(pages.map(({ repos }) => repos.length)).toEqual([2, 2, 1])
  expect(pages.flatMap(({ repos }) => repos.map(({ did }) => did))).toEqual(
    accounts.map(({ did }) => did),
  )
})

test.each(['x', '-1', '1.5', '0x1', 'did:web:a.test', '9'.repeat(16)])(
  'a cursor that is none is refused: %s',
  async (cursor) => {
    const response = await send(`/xrpc/com.atproto.sync.listRepos?cursor=${cursor}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: 'InvalidRequest', message: 'Malformed cursor' })
  },
)

test('an account that writes stays where it is', async () => {
  const before = (await list()).repos.map(({ did }) => did)
  const [first] = accounts
  if (!first) throw new Error('no account')
  await callAs(first, 'com.atproto.repo.createRecord', {
    repo: first.did,
    collection: 'com.example.note',
    record: { $type: 'com.example.note' },
  })
  await untilDelivered(first)
  expect((await list()).repos.map(({ did }) => did)).toEqual(before)
})

test('head and rev are those of the latest commit', async () => {
  const [account] = accounts
  if (!account) throw new Error('no account')
  const written = await callAs(account, 'com.atproto.repo.createRecord', {
    repo: account.did,
    collection: 'com.example.note',
    record: { $type: 'com.example.note' },
  })
  const { commit } = (await written.json()) as { commit: { cid: string; rev: string } }
  await untilDelivered(account)
  expect(await entry(account)).toEqual({
    did: account.did,
    head: commit.cid,
    rev: commit.rev,
    active: true,
  })
})

/** The listing follows a write when the sequencer has it: an alarm that rings waits for that. */
async function untilDelivered({ did }: TestAccount): Promise<void> {
  await ring(accountStub(env, did))
}

test('an account that is not active says why', async () => {
  const [, account] = accounts
  if (!account) throw new Error('no account')
  await hostObjects(env).account(account.did).lifecycle.deactivate(null)
  expect(await entry(account)).toMatchObject({ active: false, status: 'deactivated' })
  await hostObjects(env).account(account.did).lifecycle.setTakedown('spam')
  expect(await entry(account)).toMatchObject({ active: false, status: 'takendown' })
  await hostObjects(env).account(account.did).lifecycle.setTakedown(null)
  await hostObjects(env).account(account.did).lifecycle.activate()
  expect(await entry(account)).toMatchObject({ active: true })
})

test('a deleted account is not listed any more', async () => {
  const [, , account] = accounts
  if (!account) throw new Error('no account')
  await hostObjects(env).account(account.did).lifecycle.destroy()
  expect(await entry(account)).toBeUndefined()
})

test('an account whose events came before states were kept is asked once', async () => {
  const [, , , account] = accounts
  if (!account) throw new Error('no account')
  const before = await entry(account)
  const forget = 'UPDATE source SET head = NULL, rev = NULL, status = NULL WHERE did = ?'
  await runInDurableObject(sequencerStub(env), (_, { storage }) => {
    storage.sql.exec(forget, account.did)
  })
  expect(await entry(account)).toEqual(before)
  const [source] = (await sequencerStub(env).listSources(10)).filter(
    ({ did }) => did === account.did,
  )
  expect(source?.state?.status).toBe('active')
})
