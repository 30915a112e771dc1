#!/usr/bin/env node
/** `npx cumulus` in a checkout: the program, where its packages are installed. */
import './installed.mjs'

await import('./cumulus.ts')
