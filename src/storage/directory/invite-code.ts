/** Who makes the codes that are not earned, and whose they are that are for nobody in particular. */
export const OPERATOR = 'admin'

/** An invite code, as `com.atproto.server.defs#inviteCode` describes it. */
export interface InviteCode {
  code: string
  /** How often it can be used in all, not how often still. */
  available: number
  disabled: boolean
  /** A DID, or `admin`. */
  forAccount: string
  createdBy: string
  /** ISO 8601. */
  createdAt: string
  uses: InviteUse[]
}

export interface InviteUse {
  usedBy: string
  /** ISO 8601. */
  usedAt: string
}

/** What it takes to make a code. */
export type NewInviteCode = Pick<InviteCode, 'code' | 'available' | 'forAccount' | 'createdBy'>

export type InviteSort = 'recent' | 'usage'

/** Where a page of codes ends: when the last one was made or how often it was used, and which it is. */
export interface InviteCursor {
  key: string | number
  code: string
}

export interface InvitePage {
  codes: InviteCode[]
  /** Where the next page begins, if there is one. */
  next: InviteCursor | undefined
}

/** Whether a code can still be used. */
export const isOpen = ({ disabled, available, uses }: InviteCode): boolean =>
  !disabled && uses.length < available
