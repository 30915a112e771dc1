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

/** CPU time that a process has taken so far, in ms; it is counted in steps of 10. */
export function cpuTime(pid: number): number {
  // The second field is the name in brackets, which may have spaces.
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function status(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return (Number(kib) * 1024) / 1e6
}
