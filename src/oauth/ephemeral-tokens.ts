/**
 * Whoever signs in without having the browser remembered gets a token for an hour from the provider, which nothing is
 * stored of. It bears the epoch in which it was made, and is refused in the next.
 */
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { Services } from '../context/services.ts'
import { welcomeBrowser } from './new-browser.ts'
import { notedEpoch, noteEpoch } from './store/epochs.ts'

type Signer = OAuthProvider['signer']

/** The token is of an epoch that is over. */
export class EndedEpochError extends Error {
  override name = 'EndedEpochError'
}

/** Makes the provider's signer put the epoch into these tokens, and look at it. They are made when somebody signs in. */
export function bindToEpochs(signer: Signer, services: Services): void {
  const create = signer.createEphemeralToken.bind(signer)
  const verify = signer.verifyEphemeralToken.bind(signer)
  signer.createEphemeralToken = async (payload) => {
    const token = await create({ ...payload, epoch: notedEpoch(payload.sub) } as typeof payload)
    welcomeBrowser(services, payload.sub, { isNew: true })
    return token
  }
  signer.verifyEphemeralToken = async (...parts) => {
    const verified = await verify(...parts)
    const { sub, epoch } = verified.payload as { sub: string; epoch?: unknown }
    if (typeof epoch !== 'number' || epoch !== (await services.oauth.accounts.epoch(sub))) {
      throw new EndedEpochError('The account was signed out meanwhile')
    }
    noteEpoch(sub, epoch)
    return verified
  }
}
