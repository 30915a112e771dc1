/** What waits for hooks, on its way from one layout of the index to the next, when something changes in the middle. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import type { HookHandover } from '../storage/index/handover.ts'
import { type HookRange, HostIndex } from '../storage/index/host-index.ts'

const [GOES, STAYS] = ['com.example.goes', 'com.example.stays']
const [ALICE, BOB] = ['did:web:alice.test', 'did:web:bob.test']
const wanted = { hasHook: (name: string) => [GOES, STAYS].includes(name) }

type Work = (index: HostIndex, storage: DurableObjectStorage) => Promise<void> | void

const within = (name: string, work: Work) =>
  runInDurableObject(
    env.INDEX.get(env.INDEX.idFromName(name)) as never,
    (_, { storage }: DurableObjectState) => work(new HostIndex(storage), storage),
  )

function frameOf(t: string, body: object): Uint8Array {
  const parts = [encode({ op: 1, t }), encode({ seq: 1, ...body } as never)]
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

const commit = (repo: string, rev: string, collection: string) =>
  frameOf('#commit', {
    ...{ repo, rev, since: '1', time: '' },
    ops: [{ action: 'delete', path: `${collection}/${rev}`, cid: null }],
  })

const deletion = (did: string) => frameOf('#account', { did, active: false, status: 'deleted' })

function take(index: HostIndex, frames: Uint8Array[], hooks?: HookRange): void {
  const before = index.position() ?? 0
  const events = frames.map((frame, at) => ({ seq: before + at + 1, frame }))
  index.take(events, before + frames.length, wanted, 0, hooks)
}

/** An object that hands over, by the function that it is given, and one that takes. */
async function handing(
  work: (giver: HostIndex, send: (part: HookHandover) => Promise<void>) => Promise<void>,
  taken: Work,
  before: Work = () => undefined,
): Promise<void> {
  const [from, to] = [crypto.randomUUID(), crypto.randomUUID()]
  const withTaker = async (use: Work) => {
    await within(to, async (index, storage) => {
      index.taker.prepare()
      await use(index, storage)
    })
  }
  await withTaker(before)
  const parts: HookHandover[] = []
  const send = async (part: HookHandover) => void parts.push(structuredClone(part))
  await within(from, async (giver) => {
    giver.begin(0, [], 0)
    await work(giver, send)
  })
  await withTaker(async (index, storage) => {
    for (const part of parts) index.taker.take(part)
    await taken(index, storage)
  })
}

/** Sends everything there is. */
async function sendAll(giver: HostIndex, send: (part: HookHandover) => Promise<void>) {
  for (let part = giver.giver.next(); part; part = giver.giver.next()) {
    const { taken, ...some } = part
    await send({ from: 0, of: 1, ...some })
    taken()
  }
}

/** Sends a part, and is ended before it knows that it was taken. */
async function sendInVain(giver: HostIndex, send: (part: HookHandover) => Promise<void>) {
  const { taken: _, ...some } = giver.giver.next() ?? expect.fail('nothing to hand over')
  await send({ from: 0, of: 1, ...some })
}

const tasksOf = ({ sql }: DurableObjectStorage) =>
  sql.exec('SELECT did, rev FROM hook_task WHERE id <> 0 ORDER BY id').toArray()

/** More than are sent at once. */
const MANY = Array.from({ length: 250 }, (_, n) => `b${n}`)

test('a hook that goes while writes are handed over takes no write of another with it', async () => {
  await handing(
    async (giver, send) => {
      const rest = MANY.map((rev) => commit(BOB, rev, STAYS))
      take(giver, [commit(ALICE, 'a1', GOES), commit(BOB, 'a2', GOES), ...rest])
      await sendInVain(giver, send)
      // The next release, which has ended the object, has no such hook.
      giver.tasks.forget(GOES)
      await sendAll(giver, send)
    },
    (index, storage) => {
      index.tasks.forget(GOES)
      expect(tasksOf(storage)).toEqual(MANY.map((rev) => ({ did: BOB, rev })))
      expect(index.tasks.counts([STAYS])).toMatchObject([{ waiting: MANY.length }])
    },
  )
})

/** Gives up the first write that waits of each account. */
function giveUp(index: HostIndex, dids: readonly string[]): void {
  for (const did of dids) {
    const [task] = index.tasks.begin(STAYS, [did], { room: 1, mayBeSuspect: true, now: 0 })
    if (!task) expect.fail('nothing waits')
    index.tasks.end([[task, { done: false, error: 'no', isUntried: false }]], 0)
  }
}

test('an account that is deleted while letters are handed over takes its own with it, and no other', async () => {
  await handing(
    async (giver, send) => {
      take(giver, [
        commit(ALICE, 'a1', STAYS),
        commit(ALICE, 'a2', STAYS),
        ...MANY.map((rev) => commit(BOB, rev, STAYS)),
      ])
      giveUp(giver, [ALICE, ALICE, ...MANY.map(() => BOB)])
      await sendInVain(giver, send)
      take(giver, [deletion(ALICE)])
      await sendAll(giver, send)
    },
    (index) => {
      const revs = index.tasks.letters.list(1_000).map(({ rev }) => rev)
      expect(revs.toSorted()).toEqual(MANY.toSorted())
    },
    (index) => {
      index.begin(1_000, [], 0)
      // This one has read of the deletion before any letter came.
      take(index, [deletion(ALICE)], { after: 1_000, areToCome: true })
    },
  )
})

test('what an account has left before it came back is not kept from whom it was handed to before that', async () => {
  await handing(
    async (giver, send) => {
      take(giver, [deletion(ALICE), commit(ALICE, 'a1', STAYS)])
      giveUp(giver, [ALICE])
      await sendAll(giver, send)
    },
    (index) => {
      index.taker.finish()
      expect(index.tasks.letters.list(10).map(({ rev }) => rev)).toEqual(['a1'])
    },
    (index) => {
      index.begin(1_000, [], 0)
      // The layout before reads of it, too, before it hands anything over.
      take(index, [deletion(ALICE)], { after: 1_001, areToCome: true })
    },
  )
})
