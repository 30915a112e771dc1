import { mayBypass } from '../../context/limits/bypass.ts'
import type { Services } from '../../context/services.ts'
import type { StreamRequest } from '../../contracts/sequencer.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { clientNetwork } from '../../kernel/net/client-network.ts'
import { isDraining, ShuttingDownError } from '../../services/objects/draining.ts'

/** A request for a stream of the sequencer's. */
export interface StreamCall {
  request: Request
  clientAddress: string
  services: Pick<Services, 'config' | 'sequencer'>
  waitUntil(work: Promise<unknown>): void
}

/**
 * Hands a connection to the sequencer. A connection can be broken off only here, where the sequencer's end of it was asked
 * for: so the request waits for that after its answer.
 *
 * @param cursor as it was validated
 * @param stream without it: the firehose
 * @throws ShuttingDownError
 */
export async function connectToSequencer(
  { request, clientAddress, services, waitUntil }: StreamCall,
  cursor: number | undefined,
  stream?: StreamRequest,
): Promise<Response> {
  const { config, sequencer } = services
  if (isDraining()) throw new ShuttingDownError()
  const connection = crypto.randomUUID()
  // Nothing of the client's own query: the sequencer believes what it is told.
  const url = new URL('http://sequencer/')
  url.searchParams.set('connection', connection)
  if (cursor !== undefined) url.searchParams.set('cursor', String(cursor))
  if (stream) url.searchParams.set('stream', JSON.stringify(stream))
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
}

function tooMany(): Response {
  counters.noteRefusal('RateLimitExceeded')
  return Response.json(
    { error: 'RateLimitExceeded', message: 'There are too many consumers' },
    { status: 429, headers: { 'retry-after': '60' } },
  )
}
