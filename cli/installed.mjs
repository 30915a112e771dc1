/**
 * Loaded before the programs of package.json's scripts: a checkout without its packages is told of `npm ci`, where Node would
 * show a stack trace. It is JavaScript, since the system's Node may be 20, which reads no TypeScript; `npm ci` brings one that does.
 */
async function installed() {
  try {
    await import.meta.resolve('citty')
    return Boolean(process.features.typescript)
  } catch {
    return false
  }
}

if (!(await installed())) {
  process.stderr.write(
    '\nThe packages of this checkout are not installed, or not all of them. Run `npm ci` first, and then this again.\n',
  )
  process.exit(1)
}
