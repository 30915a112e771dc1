/** Copies blobs from the host that an account leaves, several at once, for a limited time. */
import { XRPCError } from '@atproto/xrpc-server'
import { NetworkError } from '../../kernel/net/network-error.ts'
import { SourceError } from './source.ts'

/** Blobs that are looked up at once. */
const PAGE = 100

/** Blobs on their way at once. */
const AT_ONCE = 4

/** Blobs that are named where they cannot be copied. */
const MAX_NAMED = 20

export interface CopyBlobs {
  did: string
  after: string | undefined
  /** ms */
  time: number
  missing(limit: number, cursor?: string): Promise<{ cid: string; path: string }[]>
  /** @throws SourceError */
  fetch(cid: string): Promise<Response>
  /** @throws XRPCError */
  upload(body: ReadableStream<Uint8Array>, type: string): Promise<{ cid: string }>
}

export interface LostBlob {
  cid: string
  /** `<collection>/<rkey>` of a record that shows it. */
  path: string
  reason: string
}

export interface CopiedBlobs {
  copied: number
  /** Could not be copied; the first of them. */
  lost: LostBlob[]
  /** The CID after which to go on; undefined: there are no more. */
  next: string | undefined
}

/** @returns what became of it. What the old host does not have, or gives wrong bytes for, is named, and the others go on */
export async function copyBlobs(work: CopyBlobs): Promise<CopiedBlobs> {
  const end = Date.now() + work.time
  let { after } = work
  let copied = 0
  const lost: LostBlob[] = []
  for (;;) {
    const page = await work.missing(PAGE, after)
    if (page.length === 0) return { copied, lost, next: undefined }
    for (let at = 0; at < page.length; at += AT_ONCE) {
      const some = page.slice(at, at + AT_ONCE)
      const reasons = await Promise.all(some.map(({ cid }) => copy(work, cid)))
      for (const [index, reason] of reasons.entries()) {
        const blob = some[index]
        if (reason === undefined) copied++
        else if (blob && lost.length < MAX_NAMED) lost.push({ ...blob, reason })
      }
      after = some.at(-1)?.cid
      if (Date.now() >= end) return { copied, lost, next: after }
    }
  }
}

/** @returns why it cannot be copied; undefined: it was */
async function copy({ fetch, upload }: CopyBlobs, cid: string): Promise<string | undefined> {
  try {
    const { body, headers } = await fetch(cid)
    if (!body) return 'the old host sent nothing'
    const type = headers.get('content-type') ?? 'application/octet-stream'
    const stored = await upload(body, type)
    // What was stored under another CID is no record's, and is removed by itself.
    return stored.cid === cid ? undefined : 'the old host gave other bytes for it'
  } catch (error) {
    const isReason = [SourceError, XRPCError, NetworkError].some((type) => error instanceof type)
    if (isReason) return (error as Error).message
    throw error
  }
}
