/** Accounts that write while something happens to the log of their host, and what their consumers must have got after it. */
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { hostObjects, sequencerStub } from '../services/objects/stubs.ts'
import { type FaithfulConsumer, listen, type ReceivedEvent } from './consumer.ts'
import { asStored, withoutRepeats } from './repeats.ts'

const COLLECTION = 'com.example.note'
let made = 0

const client = (did: string) => hostObjects(env).account(did)

export async function createAccount(): Promise<string> {
  const did = `did:web:writer-${made++}.test`
  const handle = did.slice('did:web:'.length)
  await client(did).lifecycle.create({ did, handle, email: null, password: null })
  return did
}

/** Writes a record. @returns the rev of the commit */
export async function write(did: string): Promise<string> {
  const block = encode({ $type: COLLECTION, text: crypto.randomUUID() })
  const record = { cid: cidOf(block), block, blobs: [] }
  const { commit } = await client(did).repository.write({
    writes: [{ action: 'create', collection: COLLECTION, rkey: `k${made++}`, record }],
  })
  return commit?.rev ?? ''
}

/**
 * Waits until a consumer has the last commit of each account, and looks whether it got all that was acknowledged once and in
 * order, and whether another one gets the same from the log.
 */
export async function expectWhole(
  consumer: FaithfulConsumer,
  acknowledged: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const of = (did: string) =>
    withoutRepeats(consumer.received).once.filter(({ body }) => (body.repo ?? body.did) === did)
  for (const did of acknowledged.keys()) {
    const { rev } = await client(did).repository.latestCommit()
    await consumer.until(() => of(did).some(({ body }) => body.rev === rev))
  }
  for (const [did, revs] of acknowledged) expectChain(of(did), revs)
  await expectNumbers(consumer, await sequencerStub(env).status())
}

/** Waits until a consumer has the newest event: its numbers only grow, and another one gets the same from the log. */
export async function expectNumbers(
  consumer: FaithfulConsumer,
  { head }: { head: number },
): Promise<void> {
  await consumer.until(() => Number(consumer.received.at(-1)?.body.seq) >= head)
  const numbers = consumer.received.map(({ body }) => Number(body.seq))
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  const stored = asStored(consumer.received)
  const late = await listen(sequencerStub(env), 0)
  await late.until(() => late.received.length >= stored.length)
  expect(late.received).toEqual(stored)
  late.socket.close()
}

/** Each commit follows the one before it: nothing is missing, nothing is there twice, and nothing is there that did not happen. */
function expectChain(events: readonly ReceivedEvent[], acknowledged: readonly string[]): void {
  const commits = events.filter(({ type }) => type === '#commit')
  const revs = commits.map(({ body }) => body.rev)
  expect(commits.map(({ body }) => body.since)).toEqual([null, ...revs.slice(0, -1)])
  expect(revs).toEqual(expect.arrayContaining([...acknowledged]))
  expect(events.map(({ type }) => type)).toEqual([
    '#identity',
    '#account',
    '#commit',
    '#sync',
    ...commits.slice(1).map(() => '#commit'),
  ])
}
