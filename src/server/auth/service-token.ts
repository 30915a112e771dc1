/** Service tokens that others sign for this host (atproto XRPC specification, Inter-Service Authentication). */
import { createHash } from 'node:crypto'
import {
  AuthRequiredError,
  cryptoVerifySignatureWithKey,
  ForbiddenError,
  verifyJwt,
} from '@atproto/xrpc-server'
import type { ServiceCredentials } from '../../context/credentials.ts'
import type { Services } from '../../context/services.ts'
import { signingKeyOf } from '../../services/identity/did-document.ts'

/** What a method expects of a service token. */
export interface Expectations {
  /** The method that it must be for. */
  nsid: string
  /** Who must have signed it: an account, or this host's moderation service. */
  by: 'account' | 'moderator'
  /** It may be shown again until it expires; otherwise once only. */
  repeatable: boolean
  /** The account must be one of this host. */
  mustBeHere: boolean
}

/** A token that is good for one use is stored until it expires: so it must, in seconds. */
const LONGEST_LIFE = 65 * 60

/**
 * Checks a token for this host and this method. When the signature does not fit, the signer's DID document is
 * looked up once more: its key may have changed. For a token that is good for one use it is looked up anew in any
 * case, because what it does, such as making an account, cannot be taken back when the key turns out to be old.
 *
 * @throws AuthRequiredError `BadJwt`, `JwtExpired`, `BadJwtAudience`, ... as `verifyJwt` names them; `UntrustedIss`;
 *   `JwtReplayed`; ForbiddenError `AccountNotFound`
 */
export async function verifyServiceToken(
  token: string,
  { nsid, by, repeatable, mustBeHere }: Expectations,
  services: Services,
): Promise<ServiceCredentials> {
  let newest: Promise<string> | undefined
  const keyOf = async (iss: string, again: boolean) => {
    assertTrusted(iss, by, services)
    // Looked at before the network is asked, and before anything is called by the name of a stranger.
    if (mustBeHere && !(await services.accounts.find(iss))) {
      throw new ForbiddenError(`Could not find account: ${iss}`, 'AccountNotFound')
    }
    if (repeatable) return signingKey(iss, again, services)
    newest ??= signingKey(iss, true, services)
    return newest
  }
  const { iss, exp } = await verifyJwt(
    token,
    services.config.serviceDid,
    nsid,
    keyOf,
    verify,
  ).catch((error: unknown) => {
    // What is not even JSON.
    if (error instanceof SyntaxError) throw new AuthRequiredError('poorly formatted jwt', 'BadJwt')
    throw error
  })
  const did = iss.split('#', 1)[0] ?? ''
  if (repeatable) return { type: 'service', did }
  const hash = await useUp(token, exp, services)
  return { type: 'service', did, giveBack: () => services.directory.serviceTokens.giveBack(hash) }
}

/** A key of another curve than the token's does not fit, which is no reason not to look for a newer one. */
const verify: typeof cryptoVerifySignatureWithKey = (...parts) =>
  cryptoVerifySignatureWithKey(...parts).catch(() => false)

const LABELER = '#atproto_labeler'

function assertTrusted(iss: string, by: Expectations['by'], { config }: Services): void {
  if (by === 'account') {
    if (!iss.includes('#')) return
    throw new AuthRequiredError('the issuer must be an account', 'BadJwtIss')
  }
  const did = config.moderation?.did
  if (did !== undefined && (iss === did || iss === did + LABELER)) return
  throw new AuthRequiredError('Untrusted issuer', 'UntrustedIss')
}

async function signingKey(iss: string, fresh: boolean, services: Services): Promise<string> {
  const [did = ''] = iss.split('#')
  const document = await services.identity.did(did, { fresh }).catch((cause: unknown) => {
    throw new AuthRequiredError(`could not resolve ${did}`, 'UnresolvableDid', { cause })
  })
  const key = signingKeyOf(document, iss.endsWith(LABELER) ? 'atproto_label' : 'atproto')
  if (!key) throw new AuthRequiredError('the issuer has no signing key', 'BadJwtIss')
  return key
}

/**
 * Sees to it that a verified token was not used before, on any isolate. What is stored is what was signed,
 * since there may be several valid signatures of it.
 *
 * @returns its hash
 */
async function useUp(token: string, exp: number, services: Services): Promise<string> {
  if (exp > Date.now() / 1000 + LONGEST_LIFE) {
    throw new AuthRequiredError('the jwt may be good for an hour at most', 'BadJwt')
  }
  const signed = token.slice(0, token.lastIndexOf('.'))
  const hash = createHash('sha256').update(signed).digest('hex')
  if (await services.directory.serviceTokens.use(hash, exp)) return hash
  throw new AuthRequiredError('the jwt was used before', 'JwtReplayed')
}
