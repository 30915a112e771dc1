/** Who may see and change which preferences, as the reference PDS has it. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { OutputSchema } from '#types/app/bsky/actor/getPreferences'
import type { Preference } from '../../storage/account/preferences.ts'
import type { SessionScope } from './session-tokens.ts'

const NAMESPACE = 'app.bsky.'
const PERSONAL = 'app.bsky.actor.defs#personalDetailsPref'
/** Told to apps instead of the birth date; computed, never stored. */
const AGE = 'app.bsky.actor.defs#declaredAgePref'

type View = OutputSchema['preferences']

/** Only the main password says that the owner sits there. */
export const hasFullAccess = (scope: SessionScope | 'oauth'): boolean =>
  scope === 'com.atproto.access' || scope === 'com.atproto.takendown'

/** What the caller gets to see. */
export function readPreferences(
  stored: readonly Preference[],
  scope: SessionScope | 'oauth',
): View {
  const personal = stored.find(({ type }) => type === PERSONAL)
  const visible = stored.filter(({ type }) => type !== PERSONAL || hasFullAccess(scope))
  const age = personal && declaredAge(personal)
  const entries = visible.map(({ value }) => JSON.parse(value) as View[number])
  return age ? [...entries, age] : entries
}

/**
 * What is to be stored of what the caller sent.
 *
 * @throws InvalidRequestError
 */
export function writePreferences(
  sent: readonly object[],
  scope: SessionScope | 'oauth',
): Preference[] {
  const preferences = sent.map((entry): Preference => {
    const type = '$type' in entry && typeof entry.$type === 'string' ? entry.$type : ''
    if (type === '') throw new InvalidRequestError('Preference is missing a $type')
    if (!type.startsWith(NAMESPACE)) {
      throw new InvalidRequestError(`Some preferences are not in the app.bsky namespace: ${type}`)
    }
    return { type, value: JSON.stringify(entry) }
  })
  if (!hasFullAccess(scope) && preferences.some(({ type }) => type === PERSONAL)) {
    throw new InvalidRequestError(`Do not have authorization to set preferences: ${PERSONAL}`)
  }
  return preferences.filter(({ type }) => type !== AGE)
}

/** How old the owner is at least, without the day. */
function declaredAge({ value }: Preference): View[number] | undefined {
  const { birthDate } = JSON.parse(value) as { birthDate?: unknown }
  const born = typeof birthDate === 'string' ? new Date(birthDate) : undefined
  if (!born || Number.isNaN(born.getTime())) return undefined
  const isOver = (years: number): boolean => {
    const birthday = new Date(born)
    birthday.setUTCFullYear(birthday.getUTCFullYear() + years)
    return birthday.getTime() <= Date.now()
  }
  return {
    $type: AGE,
    isOverAge13: isOver(13),
    isOverAge16: isOver(16),
    isOverAge18: isOver(18),
  }
}
