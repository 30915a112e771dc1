/** Push notifications: a client registers with its app's push service, by way of its own host. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../context/credentials.ts'
import type { Permission } from '../context/permissions.ts'
import { callService } from './forward.ts'
import type { ProxyServices } from './services.ts'
import { locate, type Target } from './target.ts'

const PUSH_SERVICE = 'bsky_notif'

/**
 * Sends a registration, or its end, on to the service that it names.
 *
 * @throws InvalidRequestError when the DID has no such service; UpstreamFailureError
 */
export async function callPushService(
  nsid: string,
  input: { serviceDid: string },
  caller: UserCredentials,
  request: Request,
  services: ProxyServices,
): Promise<Response> {
  const { serviceDid: did } = input
  const target = await findPushService(did, services)
  const answer = await callService(
    target,
    nsid,
    input,
    request,
    caller,
    { aud: did, lxm: nsid, service: `${did}#${PUSH_SERVICE}` },
    services,
  )
  if (!answer.ok) return answer
  // The methods have no output.
  await answer.body?.cancel()
  return new Response(null, { status: 200 })
}

/** What an OAuth token must allow. */
export const mayUsePushService = (
  nsid: string,
  { serviceDid }: { serviceDid: string },
): readonly Permission[] => [{ rpc: nsid, aud: `${serviceDid}#${PUSH_SERVICE}` }]

async function findPushService(did: string, services: ProxyServices): Promise<Target> {
  const { appview } = services.config
  if (appview?.did === did) return { ...appview, byOperator: true }
  return locate({ did, id: PUSH_SERVICE }, services).catch((cause: unknown) => {
    if (!(cause instanceof InvalidRequestError)) throw cause
    const message = `invalid notification service details in did document: ${did}`
    throw new InvalidRequestError(message, undefined, { cause })
  })
}
