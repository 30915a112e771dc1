import { AtUri } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/app/bsky/feed/getFeed'
import type { Services } from '#src/context/services.ts'
import { fetchRemoteRecord } from '#src/proxy/foreign-record.ts'
import { forwardTo } from '#src/proxy/forward.ts'
import { mayForward } from '#src/proxy/permission.ts'
import { findTarget } from '#src/proxy/target.ts'
import { session } from '#src/server/auth/policy.ts'
import { unlessRefused } from '#src/services/objects/result.ts'
import { recordValue } from '#src/services/records/json.ts'

/**
 * A feed, by way of the AppView, which shows the caller's token to the feed's generator: so the token is one
 * for the generator.
 */
export default define({
  auth: session,
  oauth: mayForward('app.bsky.feed.getFeed'),
  async handler({ params, auth, request, services }) {
    const nsid = 'app.bsky.feed.getFeed'
    const target = await findTarget(request, nsid, 'appview', services)
    const aud = await generatorOf(params.feed, services)
    const purpose = { aud, lxm: 'app.bsky.feed.getFeedSkeleton' }
    return forwardTo(target, request, nsid, auth, purpose, services)
  },
})

/** DID of the service that makes a feed, as the feed's record says. */
async function generatorOf(feed: string, services: Services): Promise<string> {
  const record = await readRecord(parse(feed), services)
  const did = (record as { did?: unknown } | undefined)?.did
  if (typeof did !== 'string') throw errors.UnknownFeed('could not resolve feed did')
  return did
}

async function readRecord(uri: AtUri, services: Services): Promise<unknown> {
  const { host: repo, collection, rkey } = uri
  const account = await services.accounts.find(repo)
  if (account) {
    const { repository } = services.account(account.did)
    const found = await unlessRefused(repository.getRecord(collection, rkey))
    return found && recordValue(found.block)
  }
  const query = new URLSearchParams({ repo, collection, rkey })
  const answer = await fetchRemoteRecord(`?${query}`, new Headers(), services)
  if (answer?.ok) return ((await answer.json()) as { value?: unknown } | null)?.value
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
