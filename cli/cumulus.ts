#!/usr/bin/env node
/** `npx cumulus`: everything that a person does with a host, from setting it up to moving out. */
import manifest from '../package.json' with { type: 'json' }
import cumulus from './commands/cumulus.ts'
import { loadEnvFile } from './settings/env-file.ts'
import { reportError, runProgram } from './terminal/program.ts'

const words = process.argv.slice(2)
if (words[0] === '--version' || words[0] === '-v') {
  process.stdout.write(`${manifest.version}\n`)
} else if (takeSettings()) {
  await runProgram(cumulus, words)
}

/** @returns false where they cannot be read */
function takeSettings(): boolean {
  // `npm run dev` has settings of its own, in .dev.vars; help needs none.
  if (words[0] === 'dev' || words.includes('--help') || words.includes('-h')) return true
  try {
    loadEnvFile()
    return true
  } catch (error) {
    reportError(error, 'cumulus')
    return false
  }
}
