import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'

/** Tokens for a new password, which the directory keeps. */
export const resetTokens = (
  objects: Pick<HostObjects, 'directory'>,
  did: () => string,
  log: () => Logger,
) => ({
  async assertValid(hash: string): Promise<void> {
    await objects.directory.tokens.find('reset_password', hash, did())
  },
  async remove(hash: string): Promise<void> {
    await objects.directory.tokens
      .consume('reset_password', hash, did())
      .catch((error: unknown) => log().error('a used token stays in the directory', error))
  },
})
