/** Reports where this host has no moderation service: they are stored here. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { NewReport, Report } from '../../storage/directory/reports.ts'
import type { AccountLookup } from '../accounts/account-lookup.ts'
import type { ReportInput, ReportView } from './report-shape.ts'
import { recordSubject } from './subjects.ts'

/** A reason type is an NSID with a fragment; there is none longer. */
const MAX_REASON_TYPE = 512

/**
 * A report as it is stored. Only the operator of this host sees it, who can do something about its own accounts only.
 *
 * @throws InvalidRequestError when it is about anything else
 */
export async function prepareReport(
  reportedBy: string,
  { reasonType, reason, subject }: ReportInput,
  lookup: Pick<AccountLookup, 'find'>,
): Promise<NewReport> {
  if (reasonType.length > MAX_REASON_TYPE) throw new InvalidRequestError('Invalid reasonType')
  const { did, record } = readSubject(subject)
  if (!(await lookup.find(did))) {
    throw new InvalidRequestError(
      `This host has no moderation service, and ${did} has no account here: report it to a moderation service that ` +
        'knows it (header atproto-proxy)',
    )
  }
  return { reportedBy, reasonType, reason: reason ?? null, did, record }
}

function readSubject(subject: ReportInput['subject']): Pick<NewReport, 'did' | 'record'> {
  if (subject.$type === 'com.atproto.admin.defs#repoRef' && 'did' in subject) {
    return { did: subject.did, record: null }
  }
  if (subject.$type === 'com.atproto.repo.strongRef' && 'uri' in subject) {
    const { did, path } = recordSubject(subject.uri)
    return { did, record: { uri: `at://${did}/${path}`, cid: subject.cid } }
  }
  throw new InvalidRequestError(`Invalid subject (${subject.$type})`)
}

/** A stored report as `createReport` answers it. */
export const reportView = (report: Report): ReportView => ({
  id: report.id,
  reasonType: report.reasonType,
  ...(report.reason !== null && { reason: report.reason }),
  subject: report.record
    ? { $type: 'com.atproto.repo.strongRef', ...report.record }
    : { $type: 'com.atproto.admin.defs#repoRef', did: report.did },
  reportedBy: report.reportedBy,
  createdAt: report.createdAt,
})
