/** The provider's TokenStore. Refresh tokens and codes are stored as hashes. */
import type { RefreshToken, TokenData, TokenInfo, TokenStore } from '@atproto/oauth-provider/store'
import type { Services } from '../../context/services.ts'
import { hashOf } from '../../server/auth/oauth-secrets.ts'
import type { Token } from '../../storage/oauth/tokens.ts'
import { boundClientAuth } from '../field-limits.ts'
import { findAccount } from './account-view.ts'
import { notedEpoch } from './epochs.ts'
import { toOAuthErrors } from './errors.ts'

const DAY = 24 * 60 * 60 * 1000

/** For how long after its last use a session can be of use: two weeks, or three months of a client with a key. */
const PUBLIC = 15 * DAY
const CONFIDENTIAL = 93 * DAY

export const tokenStore = (services: Services): TokenStore => ({
  async createToken(id, data, refreshToken) {
    const token = {
      did: data.did,
      clientId: data.clientId,
      clientAuth: boundClientAuth(data.clientAuth),
      deviceId: data.deviceId,
      parameters: JSON.stringify(data.parameters),
      scope: data.scope,
      codeHash: data.code && hashOf(data.code),
      createdAt: data.createdAt.getTime(),
      updatedAt: data.updatedAt.getTime(),
      expiresAt: data.expiresAt.getTime(),
      endsAt: endOf(data),
    }
    const refreshHash = refreshToken ? hashOf(refreshToken) : null
    const epoch = notedEpoch(data.did)
    await toOAuthErrors(() => services.oauth.tokens.create(id, token, refreshHash, epoch))
  },
  async readToken(id) {
    return toInfo(services, await services.oauth.tokens.find('id', id))
  },
  async deleteToken(id) {
    await services.oauth.tokens.delete(id)
  },
  async rotateToken(id, newId, newRefreshToken, data) {
    const rotation = {
      id: newId,
      refreshHash: hashOf(newRefreshToken),
      clientAuth: boundClientAuth(data.clientAuth),
      scope: data.scope,
      updatedAt: data.updatedAt.getTime(),
      expiresAt: data.expiresAt.getTime(),
      endsAt: endOf(data),
    }
    await toOAuthErrors(() => services.oauth.tokens.rotate(id, rotation))
  },
  async findTokenByRefreshToken(refreshToken) {
    const hash = hashOf(refreshToken)
    const token = await services.oauth.tokens.find('refresh', hash)
    // Where it is not the current one, the provider ends the session.
    return toInfo(services, token, token?.refreshHash === hash ? refreshToken : null)
  },
  async findTokenByCode(code) {
    return toInfo(services, await services.oauth.tokens.find('code', hashOf(code)))
  },
  async listAccountTokens(did) {
    const tokens = await services.oauth.tokens.ofAccount(did)
    const infos = await Promise.all(tokens.map((token) => toInfo(services, token)))
    return infos.filter((info) => info !== null)
  },
})

const endOf = ({ clientAuth, updatedAt }: Pick<TokenData, 'clientAuth' | 'updatedAt'>): number =>
  updatedAt.getTime() + (clientAuth.method === 'none' ? PUBLIC : CONFIDENTIAL)

async function toInfo(
  services: Services,
  token: Token | undefined,
  currentRefreshToken: RefreshToken | null = null,
): Promise<TokenInfo | null> {
  if (!token) return null
  const account = await findAccount(services, token.did)
  if (!account) return null
  const data: TokenData = {
    createdAt: new Date(token.createdAt),
    updatedAt: new Date(token.updatedAt),
    expiresAt: new Date(token.expiresAt),
    clientId: token.clientId as TokenData['clientId'],
    clientAuth: JSON.parse(token.clientAuth) as TokenData['clientAuth'],
    deviceId: token.deviceId as TokenData['deviceId'],
    did: token.did as TokenData['did'],
    parameters: JSON.parse(token.parameters) as TokenData['parameters'],
    scope: token.scope,
    code: token.codeHash as TokenData['code'],
  }
  return { id: token.id as TokenInfo['id'], data, account, currentRefreshToken }
}
