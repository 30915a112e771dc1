#!/usr/bin/env node
import { defineCommand, runMain } from 'citty'

const main = defineCommand({
  meta: { name: 'codegen', description: 'Turns lexicons into a typed XRPC server' },
  default: 'generate',
  subCommands: {
    generate: () => import('./commands/generate.ts').then((m) => m.default),
    import: () => import('./commands/import.ts').then((m) => m.default),
  },
})

await runMain(main)
