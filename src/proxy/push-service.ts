/** Push notifications: a client registers with the service of its app, by way of its own host. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../app.ts'
import type { Permission } from '../server/auth/permissions.ts'
import type { UserCredentials } from '../server/auth/policy.ts'
import { callService } from './forward.ts'
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
  app: App,
): Promise<Response> {
  const { serviceDid: did } = input
  const target = await findPushService(did, app)
  const answer = await callService(
    target,
    nsid,
    input,
    request,
    caller,
    { aud: did, lxm: nsid, service: `${did}#${PUSH_SERVICE}` },
    app,
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

async function findPushService(did: string, app: App): Promise<Target> {
  const { appview } = app.config
  if (appview?.did === did) return { ...appview, byOperator: true }
  return locate({ did, id: PUSH_SERVICE }, app).catch((cause: unknown) => {
    if (!(cause instanceof InvalidRequestError)) throw cause
    const message = `invalid notification service details in did document: ${did}`
    throw new InvalidRequestError(message, undefined, { cause })
  })
}
