/** Takes the location out of IPTC data in place (IPTC-IIM 4.2). */

const APPLICATION_RECORD = 2
/** Content location code and name, city, sublocation, state, country code, country. */
const PLACES = new Set([26, 27, 90, 92, 95, 100, 101])

/** Removes datasets about places; those after them move up, and zeros fill the end. */
export function blankDatasets(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let read = 0
  let write = 0
  while (read + 5 <= bytes.byteLength && bytes[read] === 0x1c) {
    const size = view.getUint16(read + 3)
    const end = read + 5 + size
    // The highest bit announces a longer form, which nobody writes for what is of interest here.
    if (size > 0x7fff || end > bytes.byteLength) break
    const isPlace = bytes[read + 1] === APPLICATION_RECORD && PLACES.has(bytes[read + 2] as number)
    if (!isPlace) {
      bytes.copyWithin(write, read, end)
      write += end - read
    }
    read = end
  }
  if (write === read) return false
  bytes.copyWithin(write, read)
  bytes.fill(0, bytes.byteLength - (read - write))
  return true
}
