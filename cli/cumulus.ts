#!/usr/bin/env node
/** `npx cumulus`: everything that a person does with a host, from setting it up to moving out. */
import cumulus from './commands/cumulus.ts'
import { loadEnvFile } from './settings/env-file.ts'
import { runProgram } from './terminal/program.ts'

// `npm run dev` has settings of its own, in .dev.vars.
if (process.argv[2] !== 'dev') loadEnvFile()
await runProgram(cumulus, process.argv.slice(2))
