/** For which services a token may be shown more than once. */
import type { ForwardingToken, ServiceTokenInput } from '../contracts/account/keys.ts'
import type { Config } from '../kernel/config/config.ts'
import type { Logger } from '../kernel/log.ts'
import type { AccountClient } from '../services/objects/stubs.ts'
import type { Target } from './target.ts'

/** A token as it is shown, and whether it was shown before. */
export type ShownToken = Pick<ForwardingToken, 'token' | 'isReused'>

/** Services of the operator's list that turned out to take each token once: two at most. */
const takeOnce = new Set<string>()

/** Gives the token of one attempt; a new one where `anew` is asked for. */
export type Authorize<T extends ShownToken = ShownToken> = (demand: { anew: boolean }) => Promise<T>

/** Tokens that the account's object signs, looking each time whether the session is still open. */
export const tokensOf =
  (
    { serviceTokens }: Pick<AccountClient, 'serviceTokens'>,
    input: ServiceTokenInput,
    mayReuse: boolean,
  ): Authorize<ForwardingToken> =>
  async ({ anew }) =>
    await serviceTokens.forForwarding({ ...input, reuse: mayReuse && !anew })

/**
 * Whether a token for `aud` may be one that was shown before: in questions only, to a service that the operator has
 * named by `PDS_REUSE_SERVICE_TOKENS`, where it is configured to be. What changes something, and what goes to anybody
 * else, has a token of its own each time.
 */
export function mayReuseToken(
  method: string,
  aud: string,
  { did, id, url }: Target,
  config: Config,
): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || aud !== did || takeOnce.has(did)) return false
  return config.reuseTokens.some((name) => {
    const service = config[name]
    return service?.did === did && service.id === id && service.url === url
  })
}

/** Notes that a service has refused a token that it had seen, and taken a new one: it gets new ones from now on. */
export function noteTokensUsedUp({ did }: Target, log: Logger): void {
  takeOnce.add(did)
  log.info('a service refused a token that it had seen: it gets a new one with each request', {
    service: did,
    setting: 'PDS_REUSE_SERVICE_TOKENS',
  })
}
