/** The audit log's one hook: whatever an operator changes goes through `audited`. */
import { XRPCError } from '@atproto/xrpc-server'
import type { AdminCredentials, ServiceCredentials } from '../context/credentials.ts'
import type { RequestContext } from '../context/request.ts'
import type { Services } from '../context/services.ts'
import { coarseNetwork } from '../kernel/net/client-network.ts'
import { detailOf, didOf, subjectOf } from './audit-detail.ts'
import type { AuthPolicy } from './auth/policy.ts'

/** Something that is about to be done. */
export interface AuditedAction {
  /** `admin`, or the DID of an account or service. */
  actor: string
  /** NSID, or the name of an action of the console. */
  action: string
  /** What it is done with, as it came; what may be kept of it is (`audit-detail.ts`). */
  input: unknown
}

type AuditContext = Pick<RequestContext, 'clientNetwork' | 'log'>
type AuditServices = Pick<Services, 'directory' | 'accounts'>

/**
 * Does something and writes down that it was done. The entry is there before: nothing is done without one, and what
 * breaks off leaves one that says that nobody knows what came of it.
 *
 * @throws what `work` throws
 */
export async function audited<T>(
  { actor, action, input }: AuditedAction,
  { clientNetwork, log }: AuditContext,
  { directory, accounts }: AuditServices,
  work: () => Promise<T>,
): Promise<T> {
  const subject = subjectOf(input)
  const did = didOf(subject) ?? (subject && (await accounts.find(subject))?.did)
  const id = await directory.audit.begin({
    actor,
    action,
    subject: subject ?? null,
    account: did ?? null,
    detail: detailOf(input),
    network: coarseNetwork(clientNetwork),
  })
  // What was done is done, whether this can be written down or not.
  const finish = (outcome: string, account?: string) =>
    directory.audit
      .finish(id, { outcome, ...(account !== undefined && { account }) })
      .catch((error: unknown) =>
        log.error('the outcome of an action was not written down', error, { action }),
      )
  try {
    const result = await work()
    await finish('done', didOf(subjectOf(result)))
    return result
  } catch (error) {
    await finish(error instanceof XRPCError ? (error.payload.error ?? 'refused') : 'failed')
    throw error
  }
}

/** Who acts for the host by these credentials, as the log names them; undefined: they are somebody's own. */
export function operatorOf(
  auth: unknown,
  { accept }: Pick<AuthPolicy<unknown>, 'accept'>,
): string | undefined {
  if (typeof auth !== 'object' || auth === null || !('type' in auth)) return undefined
  if (auth.type === 'admin') return (auth as AdminCredentials).actor
  const isModerator = auth.type === 'service' && accept.includes('moderator')
  return isModerator ? (auth as ServiceCredentials).did : undefined
}
