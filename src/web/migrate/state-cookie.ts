/** The cookie in which a browser keeps a move, sealed. */
import type { Config } from '../../kernel/config/config.ts'
import { hostCookie, readHostCookie } from '../../kernel/host-cookie.ts'
import { type MoveState, openMove, sealMove } from '../../services/move-in/state.ts'

const NAME = 'move'

/** A day, in seconds: who comes back later signs in at the old host again. */
const LIFETIME = 24 * 60 * 60

type Settings = Pick<Config, 'publicUrl' | 'jwtSecret'>

/** The move that a browser is in the middle of. */
export async function readMove(
  { headers }: Pick<Request, 'headers'>,
  config: Settings,
): Promise<MoveState | undefined> {
  const value = readHostCookie(config, NAME, headers.get('cookie'))
  return value ? openMove(config.jwtSecret, value) : undefined
}

/** A `Set-Cookie`; undefined: the old host's tokens are too long for one. */
export async function moveCookie(config: Settings, state: MoveState): Promise<string | undefined> {
  const sealed = await sealMove(config.jwtSecret, state)
  return sealed && hostCookie(config, NAME, sealed, LIFETIME)
}

/** A `Set-Cookie` that takes it away. */
export const expiredMoveCookie = (config: Settings): string => hostCookie(config, NAME, '', 0)
