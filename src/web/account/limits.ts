import { enforceLimits } from '../../context/limits/enforce.ts'
import {
  appPasswordLimits,
  archiveLimits,
  mailLimits,
  signInFromAddressLimits,
  signInLimits,
  updateHandleLimits,
} from '../../context/limits/policy.ts'
import type { PageContext } from './page-env.ts'

/** Counts a passkey that is shown: not by its name, which may be anybody's. @throws RateLimitError */
export const limitPasskey = ({ env }: PageContext): Promise<void> =>
  enforceLimits(signInFromAddressLimits, {}, env.context, env.services)

/** Counts an attempt to sign in together with those by apps. @throws RateLimitError */
export const limitSignIn = ({ env }: PageContext, identifier: string): Promise<void> =>
  enforceLimits(signInLimits, { input: { identifier } }, env.context, env.services)

/** Counts a new app password together with those that apps have asked for. @throws RateLimitError */
export const limitAppPasswords = ({ env, var: { session } }: PageContext): Promise<void> =>
  enforceLimits(appPasswordLimits, { auth: session }, env.context, env.services)

/** Counts a mail that somebody asks for together with those that apps have asked for. @throws RateLimitError */
export const limitMails = ({ env, var: { session } }: PageContext): Promise<void> =>
  enforceLimits(mailLimits, { auth: session }, env.context, env.services)

/** The same for a change of the handle, or of the keys of the identity. @throws RateLimitError */
export const limitHandles = ({ env, var: { session } }: PageContext): Promise<void> =>
  enforceLimits(updateHandleLimits, { auth: session }, env.context, env.services)

/** Counts an archive that is downloaded. @throws RateLimitError */
export const limitArchives = ({ env, var: { session } }: PageContext): Promise<void> =>
  enforceLimits(archiveLimits, { auth: session }, env.context, env.services)
