import { enforceLimits } from '../../context/limits/enforce.ts'
import { signInLimits } from '../../context/limits/policy.ts'
import type { PageContext } from './page-env.ts'

/** Counts an attempt to sign in together with those by apps. @throws RateLimitError */
export const limitSignIn = ({ env }: PageContext, identifier: string): Promise<void> =>
  enforceLimits(signInLimits, { input: { identifier } }, env.context, env.services)
