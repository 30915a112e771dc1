/** What moderators do, as objects note it and the directory keeps it. */

/** What an action is about. */
export type ModerationSubject =
  | { kind: 'account'; did: string }
  /** `path` is `<collection>/<rkey>`. */
  | { kind: 'record'; did: string; path: string }
  | { kind: 'blob'; did: string; cid: string }

export type ModerationAction = 'takedown' | 'restore' | 'deactivate' | 'activate' | 'resolve report'

/** Who acts, and why. */
export interface ModerationNote {
  /** `admin`, or a DID: of the moderation service, or of an account of this host. */
  by: string
  reason?: string | undefined
  /** Names the case at the moderator's. */
  caseId?: string | undefined
}

/** One action. */
export interface ModerationEntry {
  /** Given when it is noted: what is delivered twice is logged once. */
  id: string
  /** ISO 8601. */
  at: string
  action: ModerationAction
  subject: ModerationSubject
  by: string
  /** Reference of the takedown. */
  ref: string | null
  reason: string | null
  caseId: string | null
}

/** An entry about what happens now. */
export const moderationEntry = (
  action: ModerationAction,
  subject: ModerationSubject,
  { by, reason, caseId }: ModerationNote,
  ref: string | null = null,
): ModerationEntry => ({
  id: crypto.randomUUID(),
  at: new Date().toISOString(),
  action,
  subject,
  by,
  ref,
  reason: reason ?? null,
  caseId: caseId ?? null,
})

/** A subject as one text: `did:…`, `at://did:…/<collection>/<rkey>`, or `did:…/<CID>` of a blob. */
export function subjectKey(subject: ModerationSubject): string {
  if (subject.kind === 'account') return subject.did
  if (subject.kind === 'record') return `at://${subject.did}/${subject.path}`
  return `${subject.did}/${subject.cid}`
}
