/** Makes checks, all at once, each for a time; and mends what may be mended. */

import { messageOf } from './answers.ts'
import type { Check } from './check.ts'
import { checks } from './checks.ts'
import { type Finding, type Fix, type Severity, Skipped } from './finding.ts'
import type { Account, AskHost, World } from './world.ts'

/** How long a check may take, in ms. */
const TIME_LIMIT = 30_000
/** Checks at once: those of many accounts ask the same directory. */
const AT_ONCE = 40

/** A finding with what its check says of it. */
export interface ReportedFinding {
  what: string
  severity: Severity
  means: string
  mend: string
  canFix: boolean
}

export interface Result {
  id: string
  title: string
  /** Handle of the account that was looked at; undefined: it was the host. */
  account?: string
  result: 'well' | 'found' | 'skipped'
  /** Why it was skipped. */
  why?: string
  findings: ReportedFinding[]
}

export interface Diagnosis {
  results: Result[]
  fixes: Fix[]
}

interface Job {
  check: Check
  account?: Account
}

/** @param onDone is called after each check, with how many are made */
export async function diagnose(
  world: World,
  onDone: (done: number, total: number) => void = () => {},
): Promise<Diagnosis> {
  const jobs = checks.flatMap((check): Job[] =>
    check.of === 'host' ? [{ check }] : world.accounts.map((account) => ({ check, account })),
  )
  const fixes: Fix[] = []
  let done = 0
  // Last, since it goes by what all others were answered.
  const isClock = ({ check }: Job) => check.id === 'clock'
  const make = async (job: Job) => {
    const { result, wanted } = await runCheck(job, world)
    fixes.push(...wanted)
    onDone(++done, jobs.length)
    return result
  }
  const made = new Map<Job, Result>()
  const makeAll = async (some: readonly Job[]) => {
    const waiting = [...some]
    const work = async () => {
      for (let job = waiting.shift(); job; job = waiting.shift()) made.set(job, await make(job))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
  await makeAll(jobs.filter((job) => !isClock(job)))
  await makeAll(jobs.filter(isClock))
  return { results: jobs.flatMap((job) => made.get(job) ?? []), fixes }
}

async function runCheck(
  { check, account }: Job,
  world: World,
): Promise<{ result: Result; wanted: Fix[] }> {
  const { id, title } = check
  const about = { id, title, ...(account && { account: account.handle }) }
  try {
    const findings = await within(
      check.of === 'host' ? check.run(world) : check.run(world, account as Account),
    )
    const result = findings.length > 0 ? 'found' : 'well'
    return {
      result: { ...about, result, findings: findings.map((finding) => reported(check, finding)) },
      wanted: findings.flatMap(({ fixes = [] }) => fixes),
    }
  } catch (error) {
    // What cannot be looked at is said, and is never taken for well.
    const why = error instanceof Skipped ? error.message : `it failed: ${messageOf(error)}`
    return { result: { ...about, result: 'skipped', why, findings: [] }, wanted: [] }
  }
}

const reported = (check: Check, { what, severity, mend, fixes }: Finding): ReportedFinding => ({
  what,
  severity: severity ?? check.severity,
  means: check.means,
  mend: mend ?? check.mend,
  canFix: fixes !== undefined && fixes.length > 0,
})

/** @throws Skipped when it takes too long */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Skipped(`it took more than ${TIME_LIMIT / 1000} s`)
    timer = setTimeout(() => reject(error), TIME_LIMIT)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What came of something that was to be mended. */
export interface FixOutcome {
  does: string
  /** Why it did not work; undefined: it was done. */
  error?: string
}

/** In order, each once: a number has to be raised before something is announced under it. */
export async function applyFixes(fixes: readonly Fix[], askHost: AskHost): Promise<FixOutcome[]> {
  const outcomes: FixOutcome[] = []
  const isRaise = ({ path }: Fix) => path === '/operator/raise-sequence'
  const isCrawl = ({ path }: Fix) => path === '/operator/request-crawl'
  const ordered = [
    ...fixes.filter(isRaise),
    ...fixes.filter((fix) => !isRaise(fix) && !isCrawl(fix)),
    ...fixes.filter(isCrawl),
  ]
  const once = new Map(ordered.map((fix) => [JSON.stringify([fix.path, fix.body]), fix]))
  for (const { path, body, does } of once.values()) {
    try {
      await askHost(path, body)
      outcomes.push({ does })
    } catch (error) {
      outcomes.push({ does, error: messageOf(error) })
    }
  }
  return outcomes
}
