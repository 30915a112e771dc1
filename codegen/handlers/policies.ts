/** The policies of the server, as far as the checks of handlers need them. */
import { builtPath } from '../layout.ts'

/** A policy (`src/server/auth/policy.ts`); its types are those of the server, which do not hold here. */
interface Policy {
  accept?: readonly string[]
  scopes?: readonly string[]
  oauth?: string
}

const POLICIES = new URL(builtPath('../../src/server/auth/policy.ts'), import.meta.url).href

/**
 * Names of the policies that let people in with any password, and so are meant for apps, and leave it to the handler
 * what apps with OAuth must have been allowed.
 */
export async function policiesForApps(): Promise<ReadonlySet<string>> {
  const policies: Record<string, Policy> = await import(POLICIES)
  const names = Object.entries(policies)
    .filter(([, { accept, scopes, oauth }]) => {
      const forApps = accept?.includes('session') && scopes?.includes('com.atproto.appPass')
      return forApps && oauth === undefined
    })
    .map(([name]) => name)
  return new Set(names)
}
