/** How much a host on this machine may have sent to consumers of the firehose that is not known to be read. */
import { totalmem } from 'node:os'

const MIB = 1024 * 1024

/** What there is on Cloudflare, and most. */
const LEAST = 32 * MIB
const MOST = 512 * MIB

/** Of the memory of the machine. */
const PART = 1 / 16

/**
 * Bytes for `PDS_FIREHOSE_MAX_UNREAD` unless it is set. What consumers have read counts until their connections end, so the more
 * there is, the less often those of a busy host with many consumers have to come again.
 *
 * @param memory bytes of the machine, or of the control group that this process is in
 */
export function unreadLimit(memory = ownMemory()): number {
  return Math.round(Math.min(Math.max(memory * PART, LEAST), MOST))
}

function ownMemory(): number {
  const limit = process.constrainedMemory()
  // Node says 0, or more than there is, where there is no limit.
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
