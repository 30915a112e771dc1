/** A host on Cloudflare that backs itself up by its Cron trigger, and the program that restores it. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AtpAgent } from '@atproto/api'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import { runJson } from '../support/backup.ts'
import { type CloudflareHost, startOnCloudflare } from '../support/cloudflare.ts'
import { runCumulus } from '../support/command.ts'
import { furnish } from '../support/move.ts'

const SETTINGS = {
  PDS_HOSTNAME: 'localhost',
  PDS_DID_PLC_URL: 'http://127.0.0.1:9',
  PDS_BSKY_APP_VIEW_URL: 'none',
  PDS_CHAT_URL: 'none',
  PDS_CRAWLERS: 'none',
  PDS_FIREHOSE_FIRST_SEQ: '1',
  PDS_DEV_MODE: 'true',
  LOG_LEVEL: 'error',
  PDS_BLOB_UPLOAD_LIMIT: '20000000',
}

/** Blobs of one account: more than a trigger with few requests can fetch. */
const BLOBS = 45

let host: CloudflareHost
let agent: AtpAgent
let identity: string
let recipient: string

interface State {
  busyUntil: number
  run: { at: string; triggers: number; accounts: number } | null
  last: { startedAt: number; accounts: number; failed: number; notRemoved: string | null } | null
  error: { message: string } | null
}

const state = async () => JSON.parse(await host.read('schedule.json')) as State

const manifests = async () => (await host.backups()).filter((name) => name.startsWith('manifests/'))

const drill = () =>
  runJson<{ problems: string[] }>(
    ['drill', '--from', 's3://backups', '--identity', identity],
    host.s3,
  )

async function store(name: string, size: number): Promise<void> {
  const encoding = 'application/octet-stream'
  const { data } = await agent.uploadBlob(randomBytes(size), { encoding })
  const collection = 'com.example.file'
  const record = { $type: collection, name, blob: data.blob }
  await agent.com.atproto.repo.createRecord({ repo: agent.assertDid, collection, record })
}

beforeAll(async () => {
  const key = await generateX25519Identity()
  recipient = await identityToRecipient(key)
  identity = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'key.txt')
  writeFileSync(identity, `${key}\n`)
  host = await startOnCloudflare(SETTINGS)
  const [account] = await makeAccounts(host, 4)
  agent = new AtpAgent({ service: host.origin })
  const { handle = '' } = account ?? {}
  await agent.login({ identifier: handle, password: `password of ${handle}` })
  await furnish(agent)
})
afterAll(() => host?.stop())

test('without a recipient nothing is written but why', async () => {
  expect(await host.trigger()).toBe('exception')
  expect(await host.backups()).toEqual(['schedule.json'])
  expect((await state()).error?.message).toContain('PDS_BACKUP_RECIPIENT is not set')
})

test('a trigger backs up the host, and the program restores it from the bucket', async () => {
  await host.change({ PDS_BACKUP_RECIPIENT: recipient })
  // In several pieces.
  await store('large', 9_000_000)
  expect(await host.trigger()).toBe('ok')
  expect(await state()).toMatchObject({ run: null, error: null, last: { accounts: 4, failed: 0 } })
  expect(await drill()).toMatchObject({ ok: true, accounts: 4, blobs: 4, problems: [] })
  // Nothing of it is in the clear, and nothing is left over.
  const names = await host.backups()
  expect(names.filter((name) => /^(partial|running)/.test(name))).toEqual([])
  for (const secret of Object.values(host.secrets)) {
    for (const name of names) expect(await host.read(name)).not.toContain(secret)
  }
  // It is not time yet.
  expect(await host.trigger()).toBe('ok')
  expect(await manifests()).toHaveLength(1)
})

test('what is too much for one trigger goes on at the next ones, also after one that was killed', {
  timeout: 90_000,
}, async () => {
  for (let n = 0; n < BLOBS; n++) await store(`blob ${n}`, 1000)
  await makeAccounts(host, 3)
  const few = {
    PDS_BACKUP_RECIPIENT: recipient,
    PDS_BACKUP_REQUESTS: '300',
    PDS_BACKUP_INTERVAL_MS: '1',
  }
  await host.change(few)
  await host.trigger()
  const first = await state()
  expect(first.run).toMatchObject({ triggers: 1 })
  expect(await manifests()).toHaveLength(1)
  // As one that was killed leaves it: nobody else is at work until its time is over.
  await host.write('schedule.json', JSON.stringify({ ...first, busyUntil: Date.now() + 60_000 }))
  await host.trigger()
  expect((await state()).run).toEqual(first.run)
  await host.write('schedule.json', JSON.stringify(first))
  await host.write('partial/left-behind', 'x')
  // One that really is: wherever it was, if it was not over yet.
  host.trigger().catch(() => undefined)
  await sleep(150)
  await host.change(few)
  await host.write('schedule.json', JSON.stringify({ ...(await state()), busyUntil: 0 }))
  // If it had ended the run before it was killed, the next run prunes.
  const isOver = async () => (await state()).run === null && (await manifests()).length === 1
  for (let n = 0; !(await isOver()) && n < 10; n++) await host.trigger()
  expect(await state()).toMatchObject({ run: null, last: { accounts: 7, failed: 0 } })
  expect(await manifests()).toHaveLength(1)
  expect(await host.backups()).not.toContain('partial/left-behind')
})

test('the program backs up to the same bucket, and neither removes what the other one needs', async () => {
  await agent.post({ text: 'one more' })
  const report = await runJson<{ changed: number }>(
    ['backup', '--to', 's3://backups', '--host', host.origin, '--without-secrets'],
    { ...host.s3, PDS_ADMIN_PASSWORD: String(host.secrets.PDS_ADMIN_PASSWORD) },
  )
  expect(report.changed).toBe(1)
  const mark = { startedAt: new Date().toISOString(), machine: 'another', pid: 1, accounts: [] }
  await host.write('running/another.json', JSON.stringify(mark))
  await host.change({ PDS_BACKUP_RECIPIENT: recipient, PDS_BACKUP_INTERVAL_MS: '1' })
  await host.trigger()
  expect((await state()).last?.notRemoved).toContain('another backup to this place is under way')
  expect(await manifests()).toHaveLength(3)
  await host.remove('running/another.json')
  await host.trigger()
  // The newest of the day.
  expect((await state()).last?.notRemoved).toBeNull()
  expect(await manifests()).toHaveLength(1)
  expect(await drill()).toMatchObject({ ok: true, accounts: 7, blobs: 4 + BLOBS, problems: [] })
})

test('another recipient, or a bucket of another host, is refused', async () => {
  const other = await identityToRecipient(await generateX25519Identity())
  await host.change({ PDS_BACKUP_RECIPIENT: other, PDS_BACKUP_INTERVAL_MS: '1' })
  expect(await host.trigger()).toBe('exception')
  expect((await state()).error?.message).toContain('is encrypted for')
  const status = await runCumulus(['status', '--host', host.origin], {
    PDS_ADMIN_PASSWORD: String(host.secrets.PDS_ADMIN_PASSWORD),
  })
  expect(status.output).toContain('the last trigger failed')
})
