/**
 * A Worker that fills the log of a host with accounts that are rows only, and writes events of theirs as fast as it is taken:
 * for `npm run bench:shards`. What takes them is the server's own.
 */
import { encode } from '@atproto/lex-cbor'
import { decodeCid } from '@atproto/lex-data'
import type { Env } from '../contracts/env.ts'
import { SequencerObject as Sequencer } from '../durable/sequencer.ts'
import { cidOf } from '../kernel/cbor/cid.ts'
import {
  FIRST_LOG,
  type LogLayout,
  type LogPlace,
  logPlaceOf,
  placesOf,
} from '../kernel/log-shards.ts'
import { hostObjects, logShardStub } from '../services/objects/stubs.ts'
import { commitEvent } from '../storage/account/events.ts'
import type { SourceState } from '../storage/sequencer/sources.ts'
import worker from '../worker.ts'

export * from '../worker.ts'

/** Accounts stored at once. */
const PAGE = 2_000

const didOf = (account: number): string => `did:plc:${account.toString(36).padStart(24, '0')}`
const cid = cidOf(encode({ n: 0 }))
/** As large as those of a commit, and made as much smaller by packing: some of it is like nothing before. */
function blocks(): Uint8Array {
  const bytes = new Uint8Array(2_300)
  crypto.getRandomValues(bytes.subarray(0, 600))
  return bytes
}
const state: SourceState = { head: cid, rev: '3l2s5poxi422p', status: 'active' }

/** The server's sequencer, which also stores accounts that never had an event, and counts its rows. */
export class SequencerObject extends Sequencer {
  fill(dids: readonly string[]): void {
    for (const did of dids) {
      this.ctx.storage.sql.exec(
        `INSERT INTO source (did, last_event, head, rev, status, active_hour) VALUES (?, 1, ?, ?, 'active', 0)`,
        ...[did, cid, state.rev],
      )
    }
  }

  counts(): Counts {
    const { sql } = this.ctx.storage
    const count = (table: string) =>
      Number(sql.exec(`SELECT count(*) AS count FROM ${table}`).one().count)
    return {
      ...{ events: count('event'), accounts: count('source'), batches: count('log_batch') },
      bytes: sql.databaseSize,
    }
  }
}

interface Counts {
  events: number
  accounts: number
  batches: number
  bytes: number
}

const stubOf = (env: Env, place: LogPlace) =>
  logShardStub(env, place) as unknown as DurableObjectStub<SequencerObject>

async function layoutOf(env: Env): Promise<LogLayout> {
  const { generation, shards } = (await hostObjects(env).logFront.layouts()).at(-1) ?? FIRST_LOG
  return { generation, shards }
}

/** Stores some accounts, each where its events go. */
async function fill(env: Env, from: number, to: number): Promise<LogLayout> {
  const layout = await layoutOf(env)
  for (let first = from; first < to; first += PAGE) {
    const dids = Array.from({ length: Math.min(PAGE, to - first) }, (_, n) => didOf(first + n))
    const byShard = Map.groupBy(dids, (did) => logPlaceOf(did, layout).shard)
    for (const [shard, some] of byShard) await stubOf(env, { layout, shard }).fill(some)
  }
  return layout
}

/** Rows of the sequencer and of the objects that share its log. */
async function counts(env: Env): Promise<Counts[]> {
  const layout = await layoutOf(env)
  const others = layout.generation === FIRST_LOG.generation ? [] : placesOf(layout)
  const all = [{ layout: FIRST_LOG, shard: 0 }, ...others]
  return Promise.all(all.map((place) => stubOf(env, place).counts()))
}

interface Load {
  accounts: number
  /** Each has one delivery under way. */
  writers: number
  /** Events per second that are begun at most, by all of them; 0: as many as are taken. */
  rate: number
  ms: number
}

async function write(env: Env, { accounts, writers, rate, ms }: Load): Promise<object> {
  const objects = hostObjects(env)
  const layout = await layoutOf(env)
  const isOne = layout.generation === FIRST_LOG.generation
  const commit = decodeCid(cid)
  const began = Date.now()
  let number = began * 1000
  let begun = 0
  let written = 0
  let failure: unknown
  const one = async () => {
    const did = didOf(Math.floor(Math.random() * accounts))
    const event = commitEvent({
      ...{ repo: did, commit, rev: '3l2s5poxi422p', since: null },
      blocks: blocks(),
      ops: [{ action: 'create', path: 'app.bsky.feed.post/3l2s5poxi422p', cid: commit }],
    })
    const events = [{ id: number++, ...event }]
    const next = isOne
      ? await objects.sequencer.append(did, events, state)
      : await objects.logShard(logPlaceOf(did, layout)).deliver(did, events, state, [])
    if (next) throw new Error('the log is being divided')
    written++
  }
  const underWay = new Set<Promise<void>>()
  while (Date.now() < began + ms && failure === undefined) {
    // Sockets have their turn before a timer has, as they have between the requests of clients.
    await scheduler.wait(1)
    const due = rate > 0 ? Math.floor(((Date.now() - began) * rate) / 1000) - begun : writers
    for (let left = Math.min(due, writers - underWay.size); left > 0; left--) {
      begun++
      const promise = one()
        .catch((error) => {
          failure = error
        })
        .finally(() => underWay.delete(promise))
      underWay.add(promise)
    }
  }
  await Promise.all(underWay)
  if (failure !== undefined) throw failure
  return { written, ms: Date.now() - began }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const number = (name: string) => Number(searchParams.get(name))
    if (pathname === '/load/fill') {
      return Response.json(await fill(env, number('from'), number('to')))
    }
    if (pathname === '/load/counts') return Response.json(await counts(env))
    if (pathname === '/load/write') {
      const [accounts, writers] = [number('accounts'), number('writers')]
      const load = { accounts, writers, rate: number('rate'), ms: number('ms') }
      return Response.json(await write(env, load))
    }
    return (
      worker.fetch?.(request as never, env as never, ctx) ?? new Response(null, { status: 404 })
    )
  },
}
