#!/usr/bin/env node
/** `npx cumulus`: everything that a person does with a host, from setting it up to moving out. */
import { group } from './terminal/command.ts'
import { runProgram } from './terminal/program.ts'

const cumulus = group(
  'cumulus',
  'A Personal Data Server for the AT Protocol, and all it takes to run one',
  {
    serve: () => import('./commands/serve.ts').then((module) => module.default),
    dev: () => import('./commands/dev.ts').then((module) => module.default),
    account: () => import('./commands/account/account.ts').then((module) => module.default),
    migrate: () => import('./commands/migrate.ts').then((module) => module.default),
    mail: () => import('./commands/mail/mail.ts').then((module) => module.default),
    passkey: () => import('./commands/passkey.ts').then((module) => module.default),
    lexicons: () => import('./commands/lexicons/lexicons.ts').then((module) => module.default),
  },
)

await runProgram(cumulus, process.argv.slice(2))
