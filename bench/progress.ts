/** Progress of long work, on stderr: one line that is rewritten on a terminal, few lines elsewhere. */
const terminal = process.stderr.isTTY

let muted = false

/** Says nothing more: what is being stopped complains. */
export function mute(): void {
  muted = true
}

/** Says what went wrong, on a line that stays. */
export function complain(message: string): void {
  if (muted) return
  clear()
  process.stderr.write(`${message}\n`)
}

/** Says what is being done now. */
export function say(message: string): void {
  if (muted) return
  process.stderr.write(terminal ? `\r\x1b[K${message}` : `${message}\n`)
}

let label = ''

/** The same in steps: elsewhere than on a terminal, only what comes first is said, and once. */
export function step(what: string, detail: string): void {
  if (terminal) say(`${what}: ${detail}`)
  else if (what !== label) say(what)
  label = what
}

/** Ends the line that is being rewritten. */
export function clear(): void {
  if (terminal) process.stderr.write('\r\x1b[K')
}

/** Says how much of something large is done; elsewhere than on a terminal, every tenth only. */
export function counter(label: string, total: number): (done: number) => void {
  let shown = 0
  return (done) => {
    if (total < 10_000) return
    const tenth = Math.floor((done / total) * (terminal ? 100 : 10))
    if (tenth === shown) return
    shown = tenth
    say(`${label}: ${Math.floor((done / total) * 100)} %`)
  }
}
