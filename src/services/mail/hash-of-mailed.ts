import { XRPCError } from '@atproto/xrpc-server'
import { type JwtSecrets, jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { hashMailedToken } from '../../kernel/crypto/mailed-token.ts'
import type { TokenPurpose } from '../../storage/directory/email-tokens.ts'
import type { HostObjects } from '../objects/stubs.ts'

/** Under which hash a token that was typed is stored; one that nobody knows has a hash all the same. */
export async function hashOfMailed(
  { tokens }: HostObjects['directory'],
  config: JwtSecrets,
  purpose: TokenPurpose,
  token: string,
): Promise<string> {
  const hashes = jwtSecrets(config).map((secret) => hashMailedToken(secret, purpose, token))
  const [own = '', other] = hashes
  if (other === undefined) return own
  // One that is too old is found, and refused, as well.
  const isOthers = await tokens.find(purpose, other).then(
    () => true,
    (error: unknown) => {
      if (error instanceof XRPCError) return error.customErrorName === 'ExpiredToken'
      throw error
    },
  )
  return isOthers ? other : own
}
