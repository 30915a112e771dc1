/** `npm run bench`: Cumulus and the reference PDS side by side. See docs/performance.md. */
import { BundleError, ensureBundle } from '../cli/bundle.ts'
import { WorkerdStartError } from '../cli/workerd.ts'
import { Cleanup } from './cleanup.ts'
import { HELP, type Options, parseOptions, UsageError } from './options.ts'
import { PrepareError, prepare } from './prepare.ts'
import { clear, say } from './progress.ts'
import { ServerStartError } from './servers/process.ts'

/** Errors whose message says it all. */
const EXPLAINED = [BundleError, PrepareError, ServerStartError, WorkerdStartError]

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(`${HELP}\n`)
  else await bench(options)
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`bench: ${error.message} (see --help)\n`)
    process.exitCode = 2
  } else if (EXPLAINED.some((kind) => error instanceof kind)) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  } else {
    throw error
  }
}

async function bench(options: Options): Promise<void> {
  prepare()
  ensureBundle(() => say('building the bundle ...'))
  const cleanup = new Cleanup()
  try {
    // Loaded now, because they need the packages that `prepare` has installed.
    if (options.profile === undefined) await measure(options, cleanup)
    else await (await import('./profile.ts')).profile(options, cleanup)
  } finally {
    clear()
    await cleanup.run()
  }
}

async function measure(options: Options, cleanup: Cleanup): Promise<void> {
  const [{ run }, { text }] = await Promise.all([import('./run.ts'), import('./report/text.ts')])
  const result = await run(options, cleanup)
  clear()
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${text(result)}\n`)
  if (result.failures.length > 0 || result.verdicts.some(({ met }) => !met)) process.exitCode = 1
}
