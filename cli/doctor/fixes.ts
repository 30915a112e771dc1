/** What `--fix` may send. */
import type { Fix } from './finding.ts'
import type { Account } from './world.ts'

/** Tells the network to look at an account again: who it is, or what is in its repository. */
export const announce = (
  { did, handle }: Pick<Account, 'did' | 'handle'>,
  what: 'identity' | 'sync',
): Fix => ({
  path: '/operator/announce',
  body: { account: did, what },
  does:
    what === 'sync'
      ? `tells the network to fetch the repository of ${handle}`
      : `tells the network to look the identity of ${handle} up again`,
})

/** Without what a URL may have of credentials. */
export const originOf = (url: string): string => new URL(url).origin
