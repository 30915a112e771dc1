/** Every row that is driven by requests, in the order of the table. */
import { blobRows } from './blobs.ts'
import { firehoseRows } from './firehose.ts'
import { readRows } from './reads.ts'
import type { Row } from './row.ts'
import { writeRows } from './writes.ts'

export const rows: Row[] = [...writeRows, ...readRows, ...blobRows, ...firehoseRows]
