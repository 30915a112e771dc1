/** What a check says. */

/** `error`: something does not work; `warning`: it will not, or it is dangerous; `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note'

/** What `--fix` sends to the host, as its operator. */
export interface Fix {
  path: string
  body: Readonly<Record<string, unknown>>
  /** What it does, in words. */
  does: string
}

/** Something that is wrong. */
export interface Finding {
  /** What was seen, in a sentence. */
  what: string
  /** Where it is another than the check's own. */
  severity?: Severity
  /** Where it is another than the check's own. */
  mend?: string
  /** In order; where it has any, `--fix` does them. */
  fixes?: readonly Fix[]
}

/** A check cannot be made; the message says why. */
export class Skipped extends Error {
  override name = 'Skipped'
}

/** @throws Skipped for an account that the network is told not to show */
export function assertActive({ status }: { status: string }): void {
  if (status !== 'active') throw new Skipped(`the account is ${status}`)
}

/** Nothing is wrong. */
export const WELL: readonly Finding[] = []

/** One finding where something is wrong. */
export const foundIf = (isWrong: boolean, finding: () => Finding): readonly Finding[] =>
  isWrong ? [finding()] : WELL
