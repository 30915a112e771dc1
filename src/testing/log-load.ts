/**
 * A Worker that fills the log of a host with accounts that are rows only, and writes events of theirs as fast as it is taken:
 * for `bench/shards.ts`. What takes them is the server's own.
 */
import { encode } from '@atproto/lex-cbor'
import { decodeCid } from '@atproto/lex-data'
import type { Env } from '../contracts/env.ts'
import { SequencerObject as Sequencer } from '../durable/sequencer.ts'
import { cidOf } from '../kernel/cbor/cid.ts'
import { FIRST_LOG, type LogLayout, logPlaceOf, placesOf } from '../kernel/log-shards.ts'
import { hostObjects, logShardStub } from '../services/objects/stubs.ts'
import { commitEvent } from '../storage/account/events.ts'
import type { SourceState } from '../storage/sequencer/sources.ts'
import worker from '../worker.ts'

export * from '../worker.ts'

/** Accounts stored at once. */
const PAGE = 5_000

const didOf = (account: number): string => `did:plc:${account.toString(36).padStart(24, '0')}`
const cid = cidOf(encode({ n: 0 }))
const state: SourceState = { head: cid, rev: '3l2s5poxi422p', status: 'active' }

/** The server's sequencer, which also stores accounts that never had an event. */
export class SequencerObject extends Sequencer {
  fill(from: number, to: number, layout: LogLayout, shard: number): number {
    const { sql } = this.ctx.storage
    let stored = 0
    for (let account = from; account < to; account++) {
      const did = didOf(account)
      if (logPlaceOf(did, layout).shard !== shard) continue
      sql.exec(
        `INSERT INTO source (did, last_event, head, rev, status, active_hour) VALUES (?, 1, ?, ?, 'active', 0)`,
        ...[did, cid, state.rev],
      )
      stored++
    }
    return stored
  }
}

async function layoutOf(env: Env): Promise<LogLayout> {
  const layouts = await hostObjects(env).logFront.layouts()
  return layouts.at(-1) ?? FIRST_LOG
}

async function fill(env: Env, accounts: number): Promise<object> {
  const { generation, shards } = await layoutOf(env)
  let stored = 0
  for (const place of placesOf({ generation, shards })) {
    const stub = logShardStub(env, place) as unknown as DurableObjectStub<SequencerObject>
    for (let from = 0; from < accounts; from += PAGE) {
      const to = Math.min(from + PAGE, accounts)
      stored += await stub.fill(from, to, place.layout, place.shard)
    }
  }
  return { stored, generation, shards }
}

/** As many writers as are asked for, each with one delivery under way. */
async function write(env: Env, accounts: number, writers: number, ms: number): Promise<object> {
  const objects = hostObjects(env)
  const { generation, shards } = await layoutOf(env)
  const layout = { generation, shards }
  const commit = decodeCid(cid)
  const until = Date.now() + ms
  let number = Date.now() * 1000
  let written = 0
  const one = async () => {
    while (Date.now() < until) {
      const did = didOf(Math.floor(Math.random() * accounts))
      const event = commitEvent({
        ...{ repo: did, commit, rev: '3l2s5poxi422p', since: null },
        blocks: new Uint8Array(2_300),
        ops: [{ action: 'create', path: 'app.bsky.feed.post/3l2s5poxi422p', cid: commit }],
      })
      const events = [{ id: number++, ...event }]
      const next =
        generation === FIRST_LOG.generation
          ? await objects.sequencer.append(did, events, state)
          : await objects.logShard(logPlaceOf(did, layout)).deliver(did, events, state, [])
      if (next) throw new Error('the log is being divided')
      written++
    }
  }
  const began = Date.now()
  await Promise.all(Array.from({ length: writers }, one))
  return { written, ms: Date.now() - began }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const number = (name: string) => Number(searchParams.get(name))
    if (pathname === '/load/fill') return Response.json(await fill(env, number('accounts')))
    if (pathname === '/load/write') {
      const answer = await write(env, number('accounts'), number('writers'), number('ms'))
      return Response.json(answer)
    }
    return (
      worker.fetch?.(request as never, env as never, ctx) ?? new Response(null, { status: 404 })
    )
  },
}
