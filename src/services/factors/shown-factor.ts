import type { ShownFactor } from '../../contracts/account/sign-in.ts'

/**
 * Whether a factor shows more than that somebody reads the account's mail, by which a password can be set, too. An
 * operator has to show one of these, or a passkey.
 */
export const isStrong = (shown: ShownFactor): boolean =>
  shown === 'app' || shown === 'recovery code'
