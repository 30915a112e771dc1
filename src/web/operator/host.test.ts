import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { basic, makeAccount, send } from '../../testing/host.ts'

const { directory, sequencer } = hostObjects(env)

const ask = (path: string, body: object, password = 'test admin password') =>
  send(`/operator/${path}`, {
    method: 'POST',
    headers: { authorization: basic('admin', password), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const answer = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const response = await ask(path, body)
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
}

test.each([
  'status',
  'account-reports',
  'try-blobs',
  'request-crawl',
  'announce',
  'raise-sequence',
])('%s takes the operator’s password', async (path) => {
  expect((await ask(path, {}, 'wrong password of some length')).status).toBe(401)
})

test('the report of the host has no secret in it, and a live one is part of it', async () => {
  await makeAccount()
  const { status, ...report } = await answer('status', {})
  expect(status).toBe(200)
  expect(report).toMatchObject({
    hostname: 'localhost',
    rotationKey: expect.stringMatching(/^did:key:z/),
    unknownSettings: [],
    lastEventsAfter: expect.any(Number),
  })
  expect(JSON.stringify(report)).not.toMatch(/test (admin password|jwt secret|key secret)|1111111/)
  const live = await answer('status', { live: true })
  expect(Object.keys(report)).toEqual(
    expect.arrayContaining(Object.keys(live).filter((key) => key !== 'status')),
  )
})

test('the report says when a backup of the host was begun; one of an account does not count', async () => {
  const { handle } = await makeAccount()
  await answer('backup/begin', { account: handle })
  expect(await answer('status', {})).not.toHaveProperty('lastBackupAt')
  const before = Date.now()
  await answer('backup/begin', {})
  const { lastBackupAt } = await answer('status', {})
  expect(Number(lastBackupAt)).toBeGreaterThanOrEqual(before)
})

test('accounts are reported on a few at a time', async () => {
  const account = await makeAccount()
  const { reports } = await answer('account-reports', { accounts: [account.handle, 'nobody.test'] })
  expect(reports).toMatchObject([
    {
      did: account.did,
      status: 'active',
      missingBlobs: 0,
      signingKey: expect.stringMatching(/^did:key:/),
    },
  ])
  expect(await answer('account-reports', { accounts: ['nobody.test'] })).toMatchObject({
    status: 400,
    message: expect.stringContaining('nobody.test'),
  })
  for (const accounts of [Array(26).fill(account.did), undefined, {}]) {
    expect(await answer('account-reports', { accounts })).toMatchObject({ status: 400 })
  }
})

test('the network is told to look again, and the audit log keeps who did it', async () => {
  const { did, handle } = await makeAccount()
  const { head } = await sequencer.status()
  expect(await answer('announce', { account: handle, what: 'identity' })).toMatchObject({ did })
  expect(await answer('announce', { account: did, what: 'sync' })).toMatchObject({ handle })
  expect(await sequencer.status()).toMatchObject({ head: head + 2 })
  expect(await answer('announce', { account: did, what: 'post' })).toMatchObject({ status: 400 })
  const all = await directory.audit.list({ account: did }, 10)
  const entries = all.filter(({ action }) => action.startsWith('command.'))
  expect(entries.map(({ action, outcome }) => `${action}: ${outcome}`)).toEqual([
    'command.announce sync: done',
    'command.announce identity: done',
  ])
})

test('numbers of events are raised, but not into the future', async () => {
  const { did } = await makeAccount()
  const { head } = await sequencer.status()
  expect(await answer('raise-sequence', { above: head + 1000 })).toMatchObject({ status: 200 })
  await answer('announce', { account: did, what: 'identity' })
  expect(await sequencer.status()).toMatchObject({ head: head + 1001 })
  for (const above of [9e15, 'many', null, undefined, -1.5]) {
    expect(await answer('raise-sequence', { above }), String(above)).toMatchObject({ status: 400 })
  }
  const [newest] = await directory.audit.list({}, 1)
  expect(newest).toMatchObject({ action: 'command.raise sequence', outcome: 'InvalidRequest' })
})

test('only relays of the settings are asked to crawl', async () => {
  expect(await answer('request-crawl', { relay: 'https://relay.example' })).toMatchObject({
    status: 400,
    message: 'This relay is not in PDS_CRAWLERS',
  })
})

test('the blob store is tried', async () => {
  expect(await answer('try-blobs', {})).toEqual({ status: 200, error: null })
})
