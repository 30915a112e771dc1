/** Memory of a server: of its process, and of V8 within. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Makes the kernel forget the peak so far. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Largest resident size since the start or since `forgetPeak`, in MB. */
export const peakMemory = (pid: number): number => status(pid, 'VmHWM')

/** Resident size now, in MB. */
export const memory = (pid: number): number => status(pid, 'VmRSS')

function status(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return (Number(kib) * 1024) / 1e6
}
