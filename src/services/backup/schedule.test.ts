/** Backups by the Cron trigger where the bucket, the clock or an account are not as they should be. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import type { HostObjects } from '../objects/stubs.ts'
import { datedName, FORMAT } from './format.ts'
import { runSchedule, type ScheduleParts } from './schedule.ts'
import { readState, viewSchedule } from './schedule-state.ts'

const HOUR = 60 * 60 * 1000
const YEAR = 365 * 24 * HOUR

const AT = '2026-11-20T00:00:00.000Z'

const recipient = 'age1673lvx6gg37aajv44znfnwpvhmcn24r8820z463q92ldv2ttc3ps2agup3'

const bucket = env.BLOBS as R2Bucket
beforeEach(async () => {
  const { objects } = await bucket.list()
  await bucket.delete(objects.map(({ key }) => key))
})

const bytes = (text: string) => new Blob([text]).stream()

/** Rows of an object without tables. */
const dump = (object: string, lines: readonly object[] = []) =>
  bytes([{ object }, ...lines, { end: true }].map((line) => `${JSON.stringify(line)}\n`).join(''))

interface Host {
  dids: string[]
  /** What becomes of asking an account. */
  account?(did: string): Promise<ReadableStream<Uint8Array>>
}

/** A host of which nothing but its list of accounts can be read. */
function partsOf({ dids, account }: Host, change: Partial<ScheduleParts> = {}): ScheduleParts {
  const rows = { table: 'account', columns: ['did'], rows: dids.map((did) => [did]) }
  const objects = {
    account: (did: string) => ({
      backup: { dump: () => account?.(did) ?? Promise.reject(remote(`${did} is broken`)) },
    }),
    directory: {
      accounts: {
        list: async (_: number, after?: string) =>
          after === undefined ? dids.map((did) => ({ did, handle: 'alice.test' })) : [],
      },
      backup: { dump: async () => dump('directory', [rows]) },
      audit: { begin: async () => 1, finish: async () => undefined },
    },
    oauth: { backup: { dump: async () => dump('oauth') } },
    appTables: () => ({ backup: { dump: async () => bytes('') } }),
    sequencer: { dump: async () => dump('sequencer') },
  } as unknown as HostObjects
  const backups = {
    recipient,
    interval: 24 * HOUR,
    requests: 900,
    retention: { daily: 7, weekly: 4, monthly: 12 },
  }
  const config = {
    hostname: 'pds.test',
    publicUrl: 'https://pds.test',
    keySecret: 'a secret',
    backups,
  }
  const parts = { config, objects, blobs: {} as never, bucket, secrets: {} }
  return { ...parts, ...change }
}

/** As an object's own code throws it. */
const remote = (message: string) => Object.assign(new Error(message), { remote: true })

const ALICE = { dids: ['did:web:alice.test'] }
const NOBODY = { dids: [] }

const state = async () => (await readState(bucket)).state

const names = async () => (await bucket.list()).objects.map(({ key }) => key)

const manifests = async () => (await names()).filter((name) => name.startsWith('manifests/'))

describe('what somebody else has written into the bucket, or a clock that was wrong', () => {
  const last = { accounts: 1, failed: 0, why: null, manifest: 'm', notRemoved: null }
  const run = { at: AT, triggers: 1, accounts: 0, failed: [], trying: null }
  test.each([
    ['somebody is at work for a year', { busyUntil: Date.now() + YEAR }],
    [
      'the last one is of next year',
      { last: { ...last, startedAt: Date.now() + YEAR, finishedAt: 1 } },
    ],
    ['the last one is nothing', { last: {} }],
    ['a run without a time', { run: { ...run, at: '../../x' } }],
    ['a run of next year', { run: { ...run, at: new Date(Date.now() + YEAR).toISOString() } }],
    ['texts for numbers', { busyUntil: '9', error: 'x' }],
  ])('%s', async (_, found) => {
    const whole = { busyUntil: 0, run: null, last: null, error: null, ...found }
    await bucket.put('schedule.json', JSON.stringify(whole))
    const today = () => new Date().toISOString().slice(0, 10).replaceAll('-', '')
    const began = today()
    expect(await runSchedule(partsOf(ALICE))).toBe('done')
    const [name = ''] = await manifests()
    // Of the day on which it began, which may be over by now.
    expect([began, today()]).toContain(name.slice('manifests/'.length, 'manifests/20261126'.length))
  })

  test('an operator is shown nothing that is none', async () => {
    await bucket.put('schedule.json', JSON.stringify({ error: { message: {} }, last: [] }))
    const { backups } = partsOf(ALICE).config
    expect(await viewSchedule(bucket, backups)).toMatchObject({ last: null, error: null })
    await bucket.put('schedule.json', `{"x":"${'x'.repeat(13_000_000)}"}`)
    expect(await viewSchedule(bucket, backups)).toMatchObject({ last: null, error: null })
  })

  test('names that no backup gives are left alone, and marks that are none keep nothing', async () => {
    const foreign = ['partial/a name of ours', 'running/ä.json', 'objects/ü', 'running/none.json']
    for (const name of foreign) await bucket.put(name, 'mine')
    const later = { startedAt: new Date(Date.now() + YEAR).toISOString(), machine: 'x', pid: 1 }
    await bucket.put('running/later.json', JSON.stringify({ ...later, accounts: [] }))
    expect(await runSchedule(partsOf(ALICE))).toBe('done')
    expect((await state()).last).toMatchObject({ notRemoved: null })
    expect(await names()).toEqual(expect.arrayContaining(foreign))
  })

  test('files at the root are read as far as they may be large', async () => {
    await bucket.put('identity.age', new Uint8Array(2_000_000))
    await expect(runSchedule(partsOf(ALICE))).rejects.toThrow('identity.age: it has more than')
  })

  test('runs of one account are no reason to forget what is known of the others', async () => {
    const did = 'did:web:bob.test'
    const index = { sha256: 'b'.repeat(64), size: 1 }
    const about = { format: FORMAT, createdAt: AT, failed: [], objects: {}, seq: 1, secrets: null }
    const host = { hostname: 'pds.test', publicUrl: 'https://pds.test', keyFingerprint: 'f' }
    const write = async (kind: string, at: string, accounts: object[]) => {
      const text = JSON.stringify({ ...about, host, root: {}, kind, accounts })
      const hash = await crypto.subtle.digest('SHA-256', Buffer.from(text))
      await bucket.put(datedName('manifests', at, Buffer.from(hash).toString('hex')), text)
    }
    await write('host', AT, [{ did, handle: 'bob.test', index }])
    for (const day of [21, 22, 23]) await write('account', AT.replace('20T', `${day}T`), [])
    await expect(runSchedule(partsOf(NOBODY))).rejects.toThrow('has a backup of it with 1')
  })
})

test('where the file is gone that says for whom it is encrypted, nothing is encrypted for another one', async () => {
  await runSchedule(partsOf(ALICE))
  await bucket.delete('cumulus-backup.json')
  await bucket.delete('schedule.json')
  await expect(runSchedule(partsOf(ALICE))).rejects.toThrow('cumulus-backup.json is gone')
})

test('an account at which triggers are ended is left out after three of them', async () => {
  const dids = ['did:web:alice.test', 'did:web:bob.test', 'did:web:carol.test']
  const asked: string[] = []
  const host: Host = {
    dids,
    async account(did) {
      asked.push(did)
      throw did === dids[1]
        ? new Error('Durable Object exceeded its memory limit')
        : remote('broken')
    },
  }
  for (let n = 0; n < 3; n++) await expect(runSchedule(partsOf(host))).rejects.toThrow('memory')
  expect(await manifests()).toEqual([])
  expect(await runSchedule(partsOf(host))).toBe('done')
  const { last, error, run } = await state()
  expect({ last, error, run }).toMatchObject({ last: { failed: 3 }, error: null, run: null })
  expect(asked.filter((did) => did === dids[1])).toHaveLength(3)
})

test('a trigger that can do nothing with its requests says so', async () => {
  const few = partsOf(ALICE)
  few.config.backups.requests = 300
  await expect(runSchedule({ ...few, time: -1 })).rejects.toThrow('before anything was backed up')
})
