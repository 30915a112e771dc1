/** The rows that are driven by requests to one repository. */
import { randomBytes } from 'node:crypto'
import type { RowName } from '../options.ts'
import { accountCall } from '../servers/server.ts'
import { type Firehose, openFirehose } from './consumers.ts'
import { one } from './drive.ts'
import { BATCH, type Repo, sequence } from './repo.ts'
import { type Row, row } from './targets.ts'

type MakeWorkload = Row<Repo>['workload']

/**
 * One request after the other, each of which gets so much done, and then the repository back to its
 * size.
 *
 * @param request - a repository of that size; returns false when nothing is left to do
 */
const repeat =
  (request: (repo: Repo, size: number) => Promise<unknown>, amount = 1): MakeWorkload =>
  (repo) => {
    const size = repo.keys.length
    return {
      next: async () => ((await request(repo, size)) === false ? undefined : amount),
      after: () => repo.restore(size),
    }
  }

let accounts = 0

/** The accounts stay: a host does not get slower by them. Not every server makes a did:web. */
const createAccount =
  (did: 'plc' | 'web'): MakeWorkload =>
  ({ client, running }) => {
    const { signUp } = running.server
    if (!signUp?.did.includes(did)) return undefined
    return { next: one(() => client.call(accountCall(signUp, `new${++accounts}`, did))) }
  }

const createRecord = repeat((repo) => repo.createRecord())
const putRecord = repeat((repo) => repo.putRecord())
/** A quarter is left, so that the tree stays of its depth. */
const deleteRecord = repeat((repo, size) => repo.deleteRecord(size / 4))
const getRecord = repeat((repo) => repo.getRecord())
const applyWrites = repeat((repo) => repo.createBatch(BATCH), BATCH)

/** Pages from anywhere; all of them are full. */
const listRecords =
  (limit: number): MakeWorkload =>
  (repo) => {
    const pick = sequence()
    const cursors = repo.keys.toSorted().slice(limit)
    return repeat(() => repo.listRecords(limit, cursors[pick(cursors.length)] ?? ''))(repo)
  }

const getRepo: MakeWorkload = (repo) => ({
  next: async () => (await repo.client.drain(repo.getRepo())) / 1e6,
})

/** Another blob each time, of no known type. */
const uploadBlob = (length: number) => {
  let body: Buffer | undefined
  let count = 0
  return repeat(async (repo) => {
    body ??= randomBytes(length)
    body.writeUInt32LE(++count)
    await repo.upload('uploadBlob', 'application/octet-stream', body)
  }, length / 1e6)
}

/**
 * Writes at the start of a round that do not count. The reference looks for events at intervals
 * that double while there are none, up to a second: after the other server's round, its first write
 * would measure that.
 */
const FIREHOSE_WARM_UP = 10

/** From sending createRecord to the arrival of its frame. */
const firehose: MakeWorkload = (repo) => {
  const size = repo.keys.length
  let consumer: Firehose
  const next = async () => {
    const sent = performance.now()
    const rev = await repo.createRecord()
    return { amount: 1, ms: (await consumer.arrival(rev)) - sent }
  }
  return {
    async before() {
      consumer = await openFirehose(repo.running.origin)
      for (let count = 0; count < FIREHOSE_WARM_UP; count += 1) await next()
    },
    next,
    async after() {
      consumer.close()
      await repo.restore(size)
    },
  }
}

/** Only the floor does it. */
const nothing: MakeWorkload = () => undefined

/** In the order of the table. */
export const rows: (Row<Repo> & { name: RowName })[] = [
  row('createAccount', createAccount('plc'), { once: true }),
  row('createAccount-4', createAccount('plc'), { once: true, connections: 4 }),
  row('createAccount-web', createAccount('web'), { once: true }),
  row('floor-empty', nothing, { once: true, floor: 'empty' }),
  row('floor-call', nothing, { once: true, floor: 'call' }),
  row('createRecord', createRecord, { counted: true, floor: 'insert' }),
  row('createRecord-16', createRecord, { connections: 16, floor: 'insert' }),
  row('putRecord', putRecord, { counted: true, floor: 'insert' }),
  row('deleteRecord', deleteRecord, { counted: true, floor: 'insert' }),
  row('applyWrites', applyWrites, { unit: 'records/s', counted: true }),
  row('getRecord', getRecord, { counted: true, floor: 'select' }),
  row('getRecord-16', getRecord, { connections: 16, floor: 'select' }),
  row('listRecords-50', listRecords(50), { counted: true }),
  row('listRecords-100', listRecords(100), { counted: true }),
  row('getRepo', getRepo, { unit: 'MB/s' }),
  row('uploadBlob-1M', uploadBlob(1_000_000), { unit: 'MB/s', once: true }),
  row('uploadBlob-50M', uploadBlob(50_000_000), { unit: 'MB/s', once: true }),
  row('firehose', firehose, { once: true, figure: 'p50' }),
]
