/** One write, sent to one webhook. */
import { XRPCError } from '@atproto/xrpc-server'
import type { Webhook } from '../../contracts/webhooks.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import { guardedFetch } from '../../kernel/net/guarded-fetch.ts'
import type { Network } from '../../kernel/net/network.ts'
import { retryAfterOf } from '../../kernel/net/retry-after.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { WebhookWrite } from '../../storage/index/webhook-letters.ts'

/** ms that a service has to answer. */
const TIMEOUT = 10_000

/** Bytes that an answer may have; of one that takes the write nothing is read. */
const MAX_ANSWER = 1024 * 1024

/**
 * Statuses that speak of the service as a whole, such as that it is not there or knows no such path, and not of the write: the same
 * write is tried until another answer comes. 401 and 403 are none: the keys of an account are its own to change.
 */
const ABOUT_SERVICE: ReadonlySet<number> = new Set([
  ...[404, 405, 407, 408, 421, 425, 429],
  ...[502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530],
])

/** What came of sending one write. */
export type Delivery =
  /** It was taken: 2xx. */
  | { kind: 'taken'; status: number }
  /** The account is gone, or taken down. */
  | { kind: 'skipped' }
  /** 410: it wants no more of them. */
  | { kind: 'gone'; status: number; error: string }
  /** It answered, and would not take this write. */
  | { kind: 'refused'; status?: number; error: string }
  /** It did not answer, or only that it cannot now. @param after ms that it wants to be left alone */
  | { kind: 'unavailable'; status?: number; error: string; after?: number | undefined }

/** What is sent, besides `record`. */
export interface Told {
  id: string
  attempt: number
  action: WebhookWrite['action'] | 'test'
  did: string
  [more: string]: unknown
}

export interface DeliverParts {
  objects: Pick<HostObjects, 'account'>
  networks: Network
  /** In development strangers' addresses may be private, too. */
  reachPrivate: boolean
}

/** What a webhook is told of a write, as JSON text. */
export function bodyOf(attempt: number, write: WebhookWrite): string {
  const { key: id, did, rev, time, seq, collection, rkey, action, cid, block } = write
  const told: Told = {
    ...{ id, attempt, seq, time, action, did, collection, rkey },
    ...{ uri: `at://${did}/${collection}/${rkey}`, rev },
    ...(cid && { cid: cidString(cid) }),
  }
  const text = JSON.stringify(told)
  const record = block ? recordToJson(block) : undefined
  return record === undefined ? text : `${text.slice(0, -1)},"record":${record}}`
}

/** Sends it, signed by the account. Never throws for what the service does. */
export async function deliver(
  { url, audience, method, isPrivate }: Webhook,
  did: string,
  body: string,
  { objects, networks, reachPrivate }: DeliverParts,
): Promise<Delivery> {
  let token: string
  try {
    token = await objects
      .account(did)
      .serviceTokens.sign({ aud: audience, lxm: method, session: null, evenTakendown: false })
  } catch (error) {
    if (error instanceof XRPCError && error.statusCode < 500) return { kind: 'skipped' }
    return { kind: 'refused', error: 'The account could not sign' }
  }
  try {
    const response = await guardedFetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      timeout: TIMEOUT,
      maxBytes: MAX_ANSWER,
      reachPrivate: isPrivate || reachPrivate,
      fetch: isPrivate ? networks.operator : networks.public,
    })
    return await readDelivery(response)
  } catch (error) {
    return { kind: 'unavailable', error: error instanceof Error ? error.message : String(error) }
  }
}

async function readDelivery(response: Response): Promise<Delivery> {
  const { status, headers } = response
  if (response.ok) {
    await response.body?.cancel()
    return { kind: 'taken', status }
  }
  const error = `It answered ${status}${await errorNameOf(response)}`
  if (status === 410) return { kind: 'gone', status, error }
  if (ABOUT_SERVICE.has(status)) {
    return { kind: 'unavailable', status, error, after: retryAfterOf(headers) }
  }
  return { kind: 'refused', status, error }
}

/** The name of an XRPC error, where it gives one; nothing else of what a stranger says is kept. */
async function errorNameOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown }
    return typeof error === 'string' && /^[A-Za-z]{1,64}$/.test(error) ? ` ${error}` : ''
  } catch {
    return ''
  }
}
