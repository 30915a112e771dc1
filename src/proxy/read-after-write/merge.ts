/**
 * Read-after-write: an AppView takes a while to see what an account writes. What it says to the author is
 * completed here with what it does not show yet.
 */

import { unlessRefused } from '../../services/objects/result.ts'
import { responseHeaders } from '../headers.ts'
import { pass } from '../send.ts'
import { unusable } from '../upstream-error.ts'
import { imageUrls } from './image-url.ts'
import { type LocalRecords, lagOf, readLocal } from './local.ts'
import { fetchQuotes } from './quotes.ts'
import {
  type Ask,
  callUpstream,
  parseAnswer,
  type Reading,
  readBody,
  type Upstream,
} from './upstream.ts'
import { LocalViewer } from './viewer.ts'

/** Completes an answer; returns the same object when there is nothing to complete. */
export type Merge<Body> = (body: Body, viewer: LocalViewer) => Body | Promise<Body>

/** Makes an answer in the place of an error `NotFound`; undefined when there is nothing to make it of. */
export type Rescue<Body> = (viewer: LocalViewer, ask: Ask) => Promise<Body | undefined>

/**
 * Forwards a request and, if the service says in `atproto-repo-rev` that it is behind the caller's
 * repository, merges the caller's new records into the answer; `atproto-upstream-lag` then says by how many
 * ms it is behind. An answer into which nothing is to be merged, and one that is not what its lexicon says,
 * is passed on as it came.
 *
 * @throws what the proxy throws
 */
export async function readAfterWrite<Body extends object>(
  nsid: string,
  reading: Reading,
  merge: Merge<Body>,
  rescue?: Rescue<Body>,
): Promise<Response> {
  const upstream = await callUpstream(nsid, reading)
  const { response, ask } = upstream
  if (response.ok ? !isJson(response) : !(rescue && (await isNotFound(response)))) return response
  const viewer = await findLocal(upstream, reading)
  if (!viewer) return response
  if (rescue && !response.ok) {
    const body = await rescue(viewer, ask)
    return body ? mergedAnswer(body, response.headers, viewer.local) : response
  }
  return mergeInto(nsid, response, viewer, merge, reading)
}

async function mergeInto<Body extends object>(
  nsid: string,
  response: Response,
  viewer: LocalViewer,
  merge: Merge<Body>,
  { services }: Reading,
): Promise<Response> {
  const { status, headers } = response
  const bytes = await readBody(response).catch((cause: unknown) => {
    throw unusable('Upstream answer broke off', cause)
  })
  const untouched = () => pass(new Response(bytes, { status, headers, encodeBody: 'manual' }))
  try {
    const body = parseAnswer(nsid, bytes, headers) as Body
    const merged = await merge(body, viewer)
    return merged === body ? untouched() : mergedAnswer(merged, headers, viewer.local)
  } catch (error) {
    // Whether it was the service's fault or ours: what it said is better than nothing.
    services.log.error('nothing merged into the answer', error, { nsid })
    return untouched()
  }
}

/** What the service lacks; undefined when it lacks nothing, or nothing that is ever merged. */
async function findLocal(
  { response, localRev, firstRev, ask }: Upstream,
  { auth, request, services }: Reading,
): Promise<LocalViewer | undefined> {
  const rev = response.headers.get('atproto-repo-rev')
  if (!rev || rev >= localRev || rev < firstRev || request.method !== 'GET') return undefined
  const recent = await unlessRefused(services.account(auth.did).repository.recentRecords(rev))
  if (!recent) return undefined
  const local = readLocal(auth.did, recent, rev)
  if (local.posts.length === 0 && local.profileChangedAt === undefined) return undefined
  return new LocalViewer(local, imageUrls(auth.did, services.config), (uris) =>
    fetchQuotes(uris, ask),
  )
}

function mergedAnswer(body: object, from: Headers, local: LocalRecords): Response {
  const headers = responseHeaders(from, false)
  headers.set('atproto-upstream-lag', String(lagOf(local)))
  return Response.json(body, { headers })
}

const isJson = ({ headers }: Response): boolean =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '')

/** Whether the error, told in our words by then, is that something was not found. */
async function isNotFound(response: Response): Promise<boolean> {
  const { error } = (await response.clone().json()) as { error?: unknown }
  return error === 'NotFound'
}
