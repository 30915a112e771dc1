/** Reads ZIP files whose entries are stored, by their list of contents at the end (APPNOTE 6.3). */
import { crc32 } from 'node:zlib'

const END = 0x06054b50
const LISTED = 0x02014b50

/** Entries in their order. @throws Error when the file has no end, or an entry is not what its checksum says */
export function unzip(file: Buffer): Map<string, Buffer> {
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0 || file.readUInt32LE(end) !== END) throw new Error('not a whole ZIP file')
  const entries = new Map<string, Buffer>()
  let at = file.readUInt32LE(end + 16)
  for (let n = file.readUInt16LE(end + 10); n > 0; n--) {
    if (file.readUInt32LE(at) !== LISTED) throw new Error('the list of contents is damaged')
    const [crc, size] = [file.readUInt32LE(at + 16), file.readUInt32LE(at + 24)]
    const nameSize = file.readUInt16LE(at + 28)
    const name = file.subarray(at + 46, at + 46 + nameSize).toString()
    const local = file.readUInt32LE(at + 42)
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
    const bytes = file.subarray(start, start + size)
    if (crc32(bytes) !== crc) throw new Error(`${name} is damaged`)
    entries.set(name, bytes)
    at += 46 + nameSize + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32)
  }
  return entries
}
