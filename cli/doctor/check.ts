/** What a check is. */
import type { Finding, Severity } from './finding.ts'
import type { Account, World } from './world.ts'

/** One check: a row of the table in `checks.ts`. */
interface Described {
  /** Such as `dns-host`; `docs/troubleshooting.md` names it. */
  id: string
  title: string
  severity: Severity
  /** What it means for a person. */
  means: string
  /** The command or setting that mends it. */
  mend: string
  /** Whether `--fix` can do it. */
  canFix?: true
}

export interface HostCheck extends Described {
  of: 'host'
  /** @throws Skipped */
  run(world: World): Promise<readonly Finding[]>
}

export interface AccountCheck extends Described {
  of: 'account'
  /** @throws Skipped */
  run(world: World, account: Account): Promise<readonly Finding[]>
}

export type Check = HostCheck | AccountCheck
