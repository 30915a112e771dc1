/** What is told about one file of one kind; the rest shows when these are mended. */
const MAX_FINDINGS = 50

/** As many findings as are told, errors before warnings where there are more. */
export function firstOf<F extends { severity?: 'error' | 'warning' }>(findings: readonly F[]): F[] {
  if (findings.length <= MAX_FINDINGS) return [...findings]
  const isWarning = ({ severity }: F) => severity === 'warning'
  const errors = findings.filter((finding) => !isWarning(finding))
  return [...errors, ...findings.filter(isWarning)].slice(0, MAX_FINDINGS)
}
