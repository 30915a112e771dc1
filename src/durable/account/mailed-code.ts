import { XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { hashOfMailed } from '../../services/mail/hash-of-mailed.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'

/** Uses a code up that was mailed for signing in. @returns whether it was good */
export async function useMailedCode(
  { directory }: HostObjects,
  config: Config,
  did: string,
  code: string,
): Promise<boolean> {
  const hash = await hashOfMailed(directory, config, 'sign_in', code)
  return directory.tokens.consume('sign_in', hash, did).then(
    () => true,
    (error: unknown) => {
      if (error instanceof XRPCError) return false
      throw error
    },
  )
}
