#!/usr/bin/env node
/** `node codegen/cli.ts`, that is `npm run codegen --` here, and `npx cumulus codegen` in other projects. */
import { runCodegen } from './program.ts'

await runCodegen(process.argv.slice(2))
