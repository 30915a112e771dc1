import { define } from '#lex/com/atproto/sync/subscribeRepos'
import { mayBypass } from '#src/context/limits/bypass.ts'
import { counters } from '#src/kernel/metrics/counters.ts'
import { clientNetwork } from '#src/kernel/net/client-network.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { isDraining, ShuttingDownError } from '#src/services/objects/draining.ts'

/**
 * Hands the connection to the sequencer. A connection can be broken off only here, where the sequencer's end of it
 * was asked for: so this request waits for that after its answer.
 */
export default define({
  auth: anyone,
  async handler({ params, request, clientAddress, services, waitUntil }) {
    const { config, sequencer } = services
    if (isDraining()) throw new ShuttingDownError()
    const connection = crypto.randomUUID()
    const url = new URL(request.url)
    url.searchParams.set('connection', connection)
    // As it was validated: the sequencer would read an empty cursor as 0.
    url.searchParams.delete('cursor')
    if (params.cursor !== undefined) url.searchParams.set('cursor', String(params.cursor))
    url.searchParams.delete('address')
    if (config.rateLimits && !mayBypass(request, config)) {
      url.searchParams.set('address', clientNetwork(clientAddress))
    }
    const end = new AbortController()
    const response = await sequencer.fetch(new Request(url, request), { signal: end.signal })
    if (!response.webSocket) return tooMany()
    const ended = sequencer.untilEnded(connection)
    waitUntil(
      // An error: the sequencer has started anew, and the connection has ended.
      ended.then((isOver) => isOver && end.abort()).catch(() => undefined),
    )
    return response
  },
})

function tooMany(): Response {
  counters.noteRefusal('RateLimitExceeded')
  return Response.json(
    { error: 'RateLimitExceeded', message: 'There are too many consumers' },
    { status: 429, headers: { 'retry-after': '60' } },
  )
}
