/**
 * What the process beside workerd asks of the Worker: an entrypoint of its own, which listens on a Unix socket that nobody
 * else may open (`cli/host/workerd.ts`). Nothing leads here on Cloudflare.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'
import { startDraining } from '../services/objects/draining.ts'
import { sequencerStub } from '../services/objects/stubs.ts'

/** V8's own function to collect garbage, where it was told to have one: on plain workerd. */
const { gc: collectGarbage } = globalThis as {
  gc?: (how: { type: 'major'; flavor: 'last-resort' }) => void
}

export class Control extends WorkerEntrypoint<Env> {
  /**
   * `POST /drain`: the host is about to end. From now on it says so to whoever asks for its health, and takes no consumers
   * of the firehose; those there are are told to come again. Answers when they are gone, or after some seconds, with how
   * many are left.
   *
   * `POST /collect`: has V8 collect all garbage and give back the memory it needs no more, which takes some 30 ms.
   */
  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (request.method !== 'POST' || !this.env.BLOB_DISK) return new Response(null, { status: 404 })
    if (pathname === '/collect' && collectGarbage) {
      collectGarbage({ type: 'major', flavor: 'last-resort' })
      return new Response(null, { status: 204 })
    }
    if (pathname !== '/drain') return new Response(null, { status: 404 })
    startDraining()
    return Response.json({ consumers: await sequencerStub(this.env).endConsumers() })
  }
}
