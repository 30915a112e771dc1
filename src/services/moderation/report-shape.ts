/**
 * What a report says (`com.atproto.moderation.createReport`): of the lexicon as much as is stored. Written out, since
 * a project may do without that lexicon.
 */
export interface ReportInput {
  reasonType: string
  reason?: string
  /** Other types are valid, and refused. */
  subject: ReportSubject | { $type: string }
}

/** An account, or a version of a record. */
export type ReportSubject =
  | { $type: 'com.atproto.admin.defs#repoRef'; did: string }
  | { $type: 'com.atproto.repo.strongRef'; uri: string; cid: string }

/** A report as it is answered. */
export interface ReportView extends ReportInput {
  subject: ReportSubject
  id: number
  reportedBy: string
  createdAt: string
}
