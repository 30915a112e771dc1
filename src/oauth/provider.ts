/** The official OAuth server of the AT Protocol, over the stores of this host. */

import type { LexResolver } from '@atproto/oauth-provider/provider'
import { AccessTokenMode, type OAuthProvider } from '@atproto/oauth-provider/provider'
import { currentRequest } from '../context/current-request.ts'
import { enforceLimits, type LimitedRequest } from '../context/limits/enforce.ts'
import {
  createAccountLimits,
  deleteAccountLimits,
  mailLimits,
  type RateLimit,
  requestPasswordResetLimits,
  resetPasswordLimits,
  signInLimits,
  updateHandleLimits,
} from '../context/limits/policy.ts'
import type { Services } from '../context/services.ts'
import { takeRedirectError } from '../platform/redirect-error.ts'
import { verifierOptions } from '../server/auth/oauth-verifier.ts'
import { providerBranding } from './branding.ts'
import { verifyCaptchasWith } from './captcha.ts'
import { clientFetch } from './client-fetch.ts'
import { readClientKeys, tolerateClocks } from './clients.ts'
import { bindToEpochs } from './ephemeral-tokens.ts'
import { RevokingProvider } from './revocation.ts'
import { accountChanges } from './store/account-changes.ts'
import { accountStore } from './store/accounts.ts'
import { deviceStore } from './store/devices.ts'
import { toOAuthErrors } from './store/errors.ts'
import { lexiconStore, lexResolver } from './store/lexicons.ts'
import { replayStore } from './store/replays.ts'
import { requestStore } from './store/requests.ts'
import { tokenStore } from './store/tokens.ts'

/** One per isolate: it holds nothing of any request. */
export async function makeProvider(services: Services): Promise<OAuthProvider> {
  takeRedirectError()
  const { config } = services
  const { publicUrl, registration, handleDomains } = config
  const limit = limiter(services)
  const provider = new RevokingProvider({
    ...(await verifierOptions(config)),
    accountStore: { ...accountStore(services), ...accountChanges(services) },
    deviceStore: deviceStore(services),
    lexiconStore,
    replayStore: replayStore(services),
    requestStore: requestStore(services),
    tokenStore: tokenStore(services),
    lexResolver: lexResolver(services) as unknown as LexResolver,
    safeFetch: clientFetch(services),
    // The scope is kept here and looked up with each request, so that what is revoked ends at once.
    accessTokenMode: AccessTokenMode.stateful,
    metadata: { protected_resources: [publicUrl] },
    inviteCodeRequired: registration === 'invite',
    ...(registration !== 'closed' && { availableUserDomains: [...handleDomains] }),
    ...(config.signUps.hcaptcha && { hcaptcha: config.signUps.hcaptcha }),
    branding: providerBranding(config),
    getClientInfo: readClientKeys,
    onSignInAttempt: ({ data }) => limit(signInLimits, { input: { identifier: data.username } }),
    onSignUpAttempt: () => limit(createAccountLimits),
    onResetPasswordRequest: () => limit(requestPasswordResetLimits),
    onResetPasswordConfirm: () => limit(resetPasswordLimits),
    onChangeEmailRequest: ({ account: { did } }) => limit(mailLimits, { auth: { did } }),
    onVerifyEmailRequest: ({ account: { did } }) => limit(mailLimits, { auth: { did } }),
    onDeleteAccountRequest: ({ account: { did } }) => limit(mailLimits, { auth: { did } }),
    onDeleteAccountConfirm: ({ account: { did } }) =>
      limit([...deleteAccountLimits, ...signInLimits], { input: { did } }),
    onUpdateHandle: ({ account: { did } }) => limit(updateHandleLimits, { auth: { did } }),
  })
  promiseOnlyWhatWorks(provider)
  verifyCaptchasWith(provider, services)
  tolerateClocks(provider.clientManager)
  bindToEpochs(provider.signer, services)
  return provider
}

/**
 * WebCrypto has no secp256k1. Apps choose from what is promised here, and all of them know ES256, which the
 * OAuth specification demands.
 */
function promiseOnlyWhatWorks({ metadata }: OAuthProvider): void {
  for (const name of [
    'dpop_signing_alg_values_supported',
    'token_endpoint_auth_signing_alg_values_supported',
    'request_object_signing_alg_values_supported',
  ] as const) {
    metadata[name] = metadata[name]?.filter((alg) => alg !== 'ES256K')
  }
}

/** The pages are counted together with the methods that do the same. */
const limiter =
  (services: Services) =>
  (limits: readonly RateLimit[], counted: LimitedRequest = {}): Promise<void> =>
    toOAuthErrors(() => enforceLimits(limits, counted, currentRequest(), services))
