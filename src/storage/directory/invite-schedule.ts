/** Maximum number of unused invite codes of an account. */
export const MAX_UNUSED_CODES = 5

/** When accounts earn invite codes. */
export interface InviteSchedule {
  /** One code for each so many ms. */
  interval: number
  /** Time before this does not count, in ms since 1970. */
  epoch: number
}

/** An earned code of an account, that is one that the operator did not create. */
export interface RoutineCode {
  /** ISO 8601 */
  createdAt: string
  /** It can still be used. */
  open: boolean
}

/**
 * How many new codes an account has earned: one for each interval since it was made or since the epoch,
 * whichever is later, less those it has got since the epoch; and never more than five open ones.
 *
 * @param createdAt of the account, in ms since 1970
 */
export function earnedCodes(
  codes: readonly RoutineCode[],
  createdAt: number,
  { interval, epoch }: InviteSchedule,
  now: number,
): number {
  const earned = Math.floor((now - Math.max(createdAt, epoch)) / Math.max(interval, 1))
  const got = codes.filter((code) => Date.parse(code.createdAt) >= epoch).length
  const open = codes.filter((code) => code.open).length
  return Math.max(0, Math.min(MAX_UNUSED_CODES - open, earned - got))
}
