import { version } from '../../package.json'
import type { Env } from '../contracts/env.ts'
import type { Config } from '../kernel/config/config.ts'
import { makeNetwork, type Network } from '../kernel/net/network.ts'

/** The network as the Worker and its objects see it. */
export const networkOf = (
  { OPERATOR_NETWORK }: Pick<Env, 'OPERATOR_NETWORK'>,
  { publicUrl }: Pick<Config, 'publicUrl'>,
): Network => makeNetwork(`cumulus/${version} (+${publicUrl})`, OPERATOR_NETWORK)
