/** `createdBy` of codes that the operator created, and `forAccount` of those that are for no particular account. */
export const OPERATOR = 'admin'

/** An invite code, as `com.atproto.server.defs#inviteCode` describes it. */
export interface InviteCode {
  code: string
  /** Uses in all, not uses left. */
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

/** Who made a code, and for whom; DIDs, or `admin`. */
export type InviteOrigin = Pick<InviteCode, 'forAccount' | 'createdBy'>

/** A code to be created. */
export type NewInviteCode = Pick<InviteCode, 'code' | 'available' | 'forAccount' | 'createdBy'>

export type InviteSort = 'recent' | 'usage'

/** Cursor of a page: sort key of the last code (creation time or number of uses), and the code. */
export interface InviteCursor {
  key: string | number
  code: string
}

export interface InvitePage {
  codes: InviteCode[]
  /** Cursor of the next page, if there is one. */
  next: InviteCursor | undefined
}

/** Whether a code can still be used. */
export const isOpen = ({ disabled, available, uses }: InviteCode): boolean =>
  !disabled && uses.length < available
