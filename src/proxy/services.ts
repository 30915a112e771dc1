import type { Config } from '../kernel/config/config.ts'
import type { Logger } from '../kernel/log.ts'
import type { Network } from '../kernel/net/network.ts'
import type { IdentityResolver } from '../services/identity/resolver.ts'
import type { HostObjects } from '../services/objects/stubs.ts'

/** What forwarding takes. */
export interface ProxyServices {
  readonly config: Config
  readonly log: Logger
  readonly identity: Pick<IdentityResolver, 'did'>
  readonly account: HostObjects['account']
  readonly network: Network
}
