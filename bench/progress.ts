/** Tells on stderr what is being done now, or what has failed. */
export function progress(message: string): void {
  process.stderr.write(`${message}\n`)
}
