import { AtUri } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/app/bsky/feed/getFeed'
import type { App } from '#src/app.ts'
import { askForRecord } from '#src/proxy/foreign-record.ts'
import { forwardTo } from '#src/proxy/forward.ts'
import { mayForward } from '#src/proxy/permission.ts'
import { findTarget } from '#src/proxy/target.ts'
import { session } from '#src/server/auth/policy.ts'
import { recordJson } from '#src/services/records/read.ts'

/**
 * A feed, by way of the AppView, which shows the caller's token to the feed's generator: so the token is one
 * for the generator.
 */
export default define({
  auth: session,
  oauth: mayForward('app.bsky.feed.getFeed'),
  async handler({ params, auth, request, app }) {
    const nsid = 'app.bsky.feed.getFeed'
    const target = await findTarget(request, nsid, 'appview', app)
    const aud = await generatorOf(params.feed, app)
    const purpose = { aud, lxm: 'app.bsky.feed.getFeedSkeleton' }
    return forwardTo(target, request, nsid, auth, purpose, app)
  },
})

/** DID of the service that makes a feed, as the feed's record says. */
async function generatorOf(feed: string, app: App): Promise<string> {
  const record = await readRecord(parse(feed), app)
  const did = (record as { value?: { did?: unknown } } | undefined)?.value?.did
  if (typeof did !== 'string') throw errors.UnknownFeed('could not resolve feed did')
  return did
}

async function readRecord(uri: AtUri, app: App): Promise<unknown> {
  const { host: repo, collection, rkey } = uri
  const resident = await app.findResident(repo)
  if (resident) {
    const found = await app.account(resident.did).getRecord(collection, rkey)
    return found.ok ? JSON.parse(recordJson(resident.did, collection, found.value)) : undefined
  }
  const query = new URLSearchParams({ repo, collection, rkey })
  const answer = await askForRecord(`?${query}`, new Headers(), app)
  if (answer?.ok) return answer.json()
  await answer?.body?.cancel()
  return undefined
}

function parse(feed: string): AtUri {
  try {
    return new AtUri(feed)
  } catch (cause) {
    throw new InvalidRequestError('feed must be a valid at-uri', undefined, { cause })
  }
}
