import { REFRESH_TOKEN_PREFIX } from '@atproto/oauth-provider/constants'
import { OAuthProvider } from '@atproto/oauth-provider/provider'

/**
 * The official provider, whose revocation demands a proof of the token's key (DPoP) and tells nobody that it did
 * nothing without one. Who holds a refresh token may end it, as the client that it was given to (RFC 7009, 2.1): an
 * app that has lost its key has no other way. An app with a key for assertions still has to show that.
 */
export class RevokingProvider extends OAuthProvider {
  override async revoke(...request: Parameters<OAuthProvider['revoke']>): Promise<void> {
    const [credentials, { token }, proof] = request
    if (!token.startsWith(REFRESH_TOKEN_PREFIX)) return super.revoke(...request)
    const options = { allowMissingDpopProof: true }
    const { client, clientAuth } = await this.authenticateClient(credentials, proof, options)
    const info = await this.tokenManager.findToken(token)
    if (!info) return
    const parameters = { ...info.data.parameters, dpop_jkt: undefined }
    await this.compareClientAuth(client, clientAuth, proof, { ...info.data, parameters })
    await this.tokenManager.deleteToken(info.id)
  }
}
