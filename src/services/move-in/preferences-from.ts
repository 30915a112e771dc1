import type { Preference } from '../../storage/account/preferences.ts'
import { writePreferences } from '../accounts/preferences.ts'
import { isPreference } from './is-preference.ts'
import { SourceError } from './source.ts'

/** Characters of preferences that are taken, as many as an app may set. */
const MAX_PREFERENCES = 150 * 1024

/**
 * What is kept of the preferences that an old host gives: those of other apps are not kept here, and must not keep the
 * others from coming along.
 *
 * @throws SourceError when they are too large
 */
export function preferencesFrom(given: readonly unknown[]): Preference[] {
  const written = writePreferences(given.filter(isPreference), 'com.atproto.access')
  if (written.reduce((sum, { value }) => sum + value.length, 0) > MAX_PREFERENCES) {
    throw new SourceError('The old host gave more preferences than an account may have')
  }
  return written
}
