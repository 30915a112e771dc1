/** Replaces a secret that nothing is stored with: the one before counts no more. */
import {
  askAsOperator,
  askWithPassword,
  isHostOfFolder,
  type OperatorArgs,
  passwordOf,
} from '../operator/operator.ts'
import { CommandError } from '../terminal/errors.ts'
import type { SecretPlace } from './places.ts'
import { makeSecret, type Outcome } from './rotate.ts'

export const replacedSetting = {
  dpop: 'PDS_DPOP_SECRET',
  admin: 'PDS_ADMIN_PASSWORD',
} as const

/** Where the new one is until the host has it; none of the settings of a host. */
const nextOf = { dpop: 'PDS_NEXT_DPOP_SECRET', admin: 'PDS_NEXT_ADMIN_PASSWORD' } as const

type Replaced = keyof typeof replacedSetting

/** @throws CommandError: what the host has is in the files still, and the next run finds out which it is */
export async function replaceSecret(
  secret: Replaced,
  place: SecretPlace,
  operator: OperatorArgs,
): Promise<Outcome> {
  const setting = replacedSetting[secret]
  if (!place.isDeployed) {
    place.keep(setting, makeSecret(secret))
    const effect =
      secret === 'dpop'
        ? NOTHING_NOTICED
        : 'Until then the host takes the old one, and commands here, which read the new one, are refused.'
    const message = `A new ${setting} is in ${place.where}. It counts when the host is restarted. ${effect}`
    return { secret, state: 'restart', message }
  }
  await replaceDeployed(secret, place, operator)
  const effect = secret === 'dpop' ? NOTHING_NOTICED : 'Scripts need it then.'
  const message = `A new ${setting} is in ${place.where}. It counts within a minute. ${effect}`
  return { secret, state: 'done', message }
}

const NOTHING_NOTICED = 'Apps notice nothing: they ask for another nonce.'

/** Both are in the files from before the host is given the new one until after: whichever it has then can be found. */
async function replaceDeployed(
  secret: Replaced,
  place: SecretPlace,
  operator: OperatorArgs,
): Promise<void> {
  const [setting, next] = [replacedSetting[secret], nextOf[secret]]
  const begun = place.kept(next)
  const isThere = await hostHas(secret === 'admin' ? begun : undefined, place.where, operator)
  const value = begun ?? makeSecret(secret)
  if (begun === undefined) place.keep(next, value)
  if (!isThere) await place.give(setting, value)
  place.settleKept(setting, next, value)
}

/**
 * Whether an earlier run, that was killed, has given the host its new password. The operator's own password is told at any
 * rate, so that nobody is locked out by a wrong one.
 *
 * @throws CommandError
 */
async function hostHas(
  begun: string | undefined,
  where: string,
  operator: OperatorArgs,
): Promise<boolean> {
  const body = { nonce: '0'.repeat(16) }
  try {
    await askAsOperator(operator, '/operator/secrets', body)
    return begun !== undefined && passwordOf(operator) === begun
  } catch (error) {
    const isRefused = error instanceof CommandError && error.reason === 'password'
    if (!isRefused || begun === undefined) throw error
    // Whatever answers under another name would learn it.
    if (!isHostOfFolder(operator)) {
      throw new CommandError(
        `${error.message} An earlier run was ended before it was over: the host may have the password PDS_NEXT_ADMIN_PASSWORD in ` +
          `${where} by now. Run this again with PDS_ADMIN_PASSWORD set to that one.`,
      )
    }
    await askWithPassword(operator, begun, '/operator/secrets', body)
    return true
  }
}
