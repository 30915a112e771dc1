import { UsageError } from '../terminal/errors.ts'

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Such as `24h` or `30m`. @returns ms @throws UsageError */
export function readDuration(flag: string, typed: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(typed) ?? []
  const ms = Number(number) * (UNITS[unit] ?? 0)
  if (ms > 0) return ms
  throw new UsageError(`${flag} ${typed}: a number with s, m, h or d behind it, such as 24h`)
}

/** A whole number; 0 where nothing is given. @throws UsageError */
export function readCount(flag: string, typed: string | undefined): number {
  if (typed === undefined) return 0
  if (/^\d{1,4}$/.test(typed)) return Number(typed)
  throw new UsageError(`${flag} ${typed}: a number, such as 7`)
}

/** How long ago something was, in words. @param at ISO 8601 */
export function age(at: string, now = Date.now()): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(at)) / 60_000))
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24]
  if (days > 0) return `${days} d ${hours} h`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`
}
