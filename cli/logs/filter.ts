/** Which lines of a log are shown. */

export interface LineFilter {
  /** `error`: only what went wrong. */
  level: 'info' | 'error'
  /** A line has to have one of these in it; none: any line will do. */
  names: readonly string[]
}

/** Whether a line is shown; what is no JSON, such as a crash of the process, is an error. */
export function isWanted(line: string, { level, names }: LineFilter): boolean {
  if (line.trim() === '') return false
  if (names.length > 0 && !names.some((name) => line.includes(name))) return false
  return level === 'info' || levelOf(line) === 'error'
}

function levelOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { level?: unknown } | null)?.level ?? 'error'
  } catch {
    return 'error'
  }
}
