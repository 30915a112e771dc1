#!/usr/bin/env node
/** `npx cumulus`: everything that a person does with a host, from setting it up to moving out. */
import { loadEnvFile } from './settings/env-file.ts'
import { group } from './terminal/command.ts'
import { runProgram } from './terminal/program.ts'

const cumulus = group(
  'cumulus',
  'A Personal Data Server for the AT Protocol, and all it takes to run one',
  {
    init: () => import('./commands/init.ts').then((module) => module.default),
    deploy: () => import('./commands/deploy.ts').then((module) => module.default),
    serve: () => import('./commands/serve.ts').then((module) => module.default),
    dev: () => import('./commands/dev.ts').then((module) => module.default),
    backup: () => import('./commands/backup.ts').then((module) => module.default),
    restore: () => import('./commands/restore.ts').then((module) => module.default),
    drill: () => import('./commands/drill.ts').then((module) => module.default),
    account: () => import('./commands/account/account.ts').then((module) => module.default),
    mail: () => import('./commands/mail/mail.ts').then((module) => module.default),
    passkey: () => import('./commands/passkey.ts').then((module) => module.default),
    lexicons: () => import('./commands/lexicons/lexicons.ts').then((module) => module.default),
  },
)

// `npm run dev` has settings of its own, in .dev.vars.
if (process.argv[2] !== 'dev') loadEnvFile()
await runProgram(cumulus, process.argv.slice(2))
