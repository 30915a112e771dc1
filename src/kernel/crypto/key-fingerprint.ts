import { createHmac } from 'node:crypto'

/**
 * Says whether a host has the PDS_KEY_SECRET that something was encrypted with, to somebody who has it: nobody learns
 * anything of it otherwise, since there are 32 random bytes to guess.
 *
 * @returns 32 hex digits
 */
export const keyFingerprint = (keySecret: string): string =>
  createHmac('sha256', keySecret).update('fingerprint for backups').digest('hex').slice(0, 32)
